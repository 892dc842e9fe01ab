import type { Tensor } from '../../gpu/tensor.ts';
import type { Edit } from '../../model/run-plan.ts';

/** Which rows a pass is over, and what they are. */
export interface PassRows {
  /**
   * For each row of the pass, which row of the sequence it is: ascending. Later rows of a cached pass do not begin at 0, and
   * rows in between are missing once a full context dropped them.
   */
  rows: readonly number[];
  /** For each row of the pass: it is not text. */
  special: readonly boolean[];
  /** Rows of the sequence that are the prompt's, prefix included; later ones were generated. */
  promptRows: number;
}

/** Edits of one pass. */
export interface PassEdits {
  /** By hook name; each may be used in one pass of one batch. */
  edits: ReadonlyMap<string, Edit>;
  /** To be read back with the pass's other results, and given to `settle`; nothing before the pass is recorded. */
  reads(): Tensor[];
  /**
   * @param arrays what was read back, in the order of `reads`
   * @returns false when a dictionary had too little room: the pass must be recorded anew, with edits asked for anew
   */
  settle(arrays: readonly ArrayLike<number>[]): boolean;
}

/** Interventions ready to be run over one prompt and what follows it: dictionaries, means and patches are here. */
export interface Steering extends Disposable {
  /** First layer whose input or inside differs from the base; 0 also for the embedding, n_layers when nothing does. */
  readonly firstLayer: number;
  /** Whether any edit acts before `blocks.{firstLayer}.hook_resid_pre`, i.e. at the embedding. */
  readonly atEmbedding: boolean;
  /** Recorded edits are for one pass only: ask again for the next. */
  readonly edits: (rows: PassRows) => PassEdits;
}
