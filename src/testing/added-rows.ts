import type { PassEdits, Steering } from '../analysis/steering/steering.ts';
import { add } from '../gpu/kernels/add.ts';
import type { Tensor } from '../gpu/tensor.ts';
import type { Edit } from '../model/run-plan.ts';

export interface AddedRows {
  hook: string;
  /** Of `hook`, as `Steering` has it; −1 for the embedding. */
  layer: number;
  /** [T, width] added. */
  values: Float32Array<ArrayBuffer>;
}

/**
 * The plainest steering there is: fixed values added at some hooks.
 * @param settle what to say of each pass in turn; true when left out
 */
export function addedRows(added: readonly AddedRows[], settle: boolean[] = []): Steering {
  const layers = added.map(({ layer }) => layer);
  return {
    firstLayer: Math.max(0, Math.min(...layers)),
    atEmbedding: Math.min(...layers) < 0,
    edits: (): PassEdits => {
      const reads: Tensor[] = [];
      const edits = added.map(({ hook, values }): [string, Edit] => [
        hook,
        (batch, a) => {
          const b = batch.input(values, a.shape);
          const sum = add(batch, { a, b });
          batch.release(b);
          if (settle.length > 0) reads.push(sum);
          return sum;
        },
      ]);
      return {
        edits: new Map(edits),
        reads: () => reads,
        settle: (arrays) => {
          if (arrays.length !== reads.length) throw new Error(`${arrays.length} of ${reads.length} arrays`);
          return settle.shift() ?? true;
        },
      };
    },
    [Symbol.dispose]: () => {},
  };
}
