import type { GpuCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Batch } from '../../gpu/batch.ts';
import { editRows, type RowsAdded } from '../../gpu/kernels/edit_rows.ts';
import { embed } from '../../gpu/kernels/embed.ts';
import { saeLatentValue } from '../../gpu/kernels/sae_latent_value.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Columns } from '../interventions.ts';
import { ownActivation, ownColumns } from '../site.ts';
import type { Scope } from './intervention.ts';
import type { PassRows } from './steering.ts';

/** What a step works on while a pass is recorded. */
export interface StepInput {
  batch: Batch;
  /** [T, width] the activation as the steps before left it. */
  x: Tensor;
  /** [T] u32 what `Step.takes` says of each row; see `editRows`. */
  rows: Tensor;
  /** [T, width] the activation at `Step.sees`; x unless that is another hook. */
  seen: Tensor;
  /** To be told of every encoding, which may have had too little room. */
  onCodes: (dictionary: Dictionary, codes: GpuCodes) => void;
}

/** One intervention at one hook. */
export interface Step {
  hook: string;
  /** Another, earlier hook whose activation, as its own steps leave it, the step must see. */
  sees?: string;
  scope: Scope;
  /** Row of what is put or added there, for a row in scope; undefined: it stays as it is. */
  takes: (pass: PassRows, t: number) => number | undefined;
  /** @returns scratch [T, width] other than x, which is not released */
  apply: (input: StepInput) => Tensor;
}

type Place = Pick<Step, 'hook' | 'sees' | 'scope'>;

const theFirst = (): number => 0;
const itsOwn = (_pass: PassRows, t: number): number => t;

/** [1, d_out] scratch */
function decoderRow(batch: Batch, { wDec }: Dictionary, feature: number): Tensor {
  const ids = batch.input(Uint32Array.of(feature), [1]);
  const row = embed(batch, { ids, tokens: wDec, positionOffset: 0 });
  batch.release(ids);
  return row;
}

/**
 * x + (constant + byActivation · a) · W_dec[feature], a being the feature's activation there; the row times the token's own
 * scale where the dictionary puts one back.
 */
export function latentStep(
  place: Place,
  dictionary: Dictionary,
  feature: number,
  { constant, byActivation }: { constant: number; byActivation: number },
): Step {
  const apply: Step['apply'] = ({ batch, x, rows, seen, onCodes }) => {
    const looks = byActivation !== 0 || dictionary.rescales;
    const input = looks ? ownActivation(batch, dictionary, seen) : undefined;
    const source = decoderRow(batch, dictionary, feature);
    const added: RowsAdded = { source, constant };
    if (input && byActivation !== 0) {
      const codes = dictionary.encode(batch, input);
      onCodes(dictionary, codes);
      added.values = { tensor: saeLatentValue(batch, { ...codes, latent: feature }), by: byActivation };
      batch.release(codes.indices, codes.values);
    }
    if (input && dictionary.rescales) added.scales = dictionary.inputScales(batch, input);
    const y = editRows(batch, { x, rows, columns: ownColumns(dictionary), added });
    batch.release(source, added.values?.tensor, added.scales);
    if (input !== seen) batch.release(input);
    return y;
  };
  return { ...place, takes: theFirst, apply };
}

/** The dictionary's reconstruction x̂ in place of x; with its error, x̂ + (x − x̂). */
export function spliceStep(place: Place, dictionary: Dictionary, error: boolean): Step {
  const apply: Step['apply'] = ({ batch, x, rows, seen, onCodes }) => {
    const columns = ownColumns(dictionary);
    const input = ownActivation(batch, dictionary, seen);
    const codes = dictionary.encode(batch, input);
    onCodes(dictionary, codes);
    const source = dictionary.decode(batch, codes, input);
    batch.release(codes.indices, codes.values);
    if (input !== seen) batch.release(input);
    const rest = error ? editRows(batch, { x, rows, columns, added: { source, constant: -1 } }) : undefined;
    const y = editRows(batch, { x: rest ?? x, rows, columns, factor: rest ? 1 : 0, added: { source } });
    batch.release(rest, source);
    return y;
  };
  return { ...place, takes: itsOwn, apply };
}

/** x · factor in some columns, or all. */
export function scaleStep(place: Place, columns: Columns | undefined, factor: number): Step {
  return {
    ...place,
    takes: theFirst,
    apply: ({ batch, x, rows }) => editRows(batch, { x, rows, columns, factor }),
  };
}

/** The same values in every row. @param values [width or columns.count] */
export function replaceStep(
  place: Place,
  columns: Columns | undefined,
  values: Float32Array<ArrayBuffer>,
): Step {
  const apply: Step['apply'] = ({ batch, x, rows }) => {
    const source = batch.input(values, [1, values.length]);
    const y = editRows(batch, { x, rows, columns, factor: 0, added: { source } });
    batch.release(source);
    return y;
  };
  return { ...place, takes: theFirst, apply };
}

/** Rows of another text in place of those they match. @param source [S, width or columns.count], not released */
export function patchStep(
  place: Place,
  columns: Columns | undefined,
  source: Tensor,
  match: Step['takes'],
): Step {
  return {
    ...place,
    takes: match,
    apply: ({ batch, x, rows }) => editRows(batch, { x, rows, columns, factor: 0, added: { source } }),
  };
}
