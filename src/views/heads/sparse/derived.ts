import type { SparsifiedText } from '../../../engine/protocol.ts';
import { covers } from '../../../state/sparse.ts';
import type { SparseChoice } from '../../../state/view-state.ts';

export type HeadMask = SparsifiedText['masks'][number];

/** Figures of a whole text. */
export interface Losses {
  /** Nats a token. */
  rise: number;
  /** Mean over rows but row 0 of KL(dense ‖ sparse). */
  kl: number;
  /** Mean recall over the heads that have a mask; NaN without any. */
  recall: number;
  blindRows: number;
}

export function lossesOf({ ceDense, ceSparse, kl, heads }: SparsifiedText): Losses {
  const rows = kl.subarray(1).filter((value) => !Number.isNaN(value));
  return {
    rise: ceSparse - ceDense,
    kl: mean(rows),
    recall: mean(heads.map(({ recall }) => recall)),
    blindRows: heads.reduce((sum, { blindRows }) => sum + blindRows, 0),
  };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length > 0 ? sum / values.length : NaN;
}

/** [T] loss under the patterns minus loss as is, nats; NaN in row 0. */
export function lossChange({ loss, lossSparse }: SparsifiedText): Float32Array {
  return loss.map((value, row) => lossSparse[row]! - value);
}

/** What a query keeps and loses of its attention. */
export interface QueryRow {
  keys: number;
  kept: number;
  lost: number;
  /** The key left out that it attends to most; −1 when nothing is left out. */
  missed: number;
  missedMass: number;
}

export function queryRows({ mask, dense }: HeadMask, rows: number): QueryRow[] {
  return Array.from({ length: rows }, (_, t) => {
    const found: QueryRow = { keys: 0, kept: 0, lost: 0, missed: -1, missedMass: 0 };
    for (let s = 0; s <= t; s++) {
      const mass = dense[t * rows + s]!;
      if (mask[t * rows + s]) {
        found.keys++;
        found.kept += mass;
      } else {
        found.lost += mass;
        if (mass > found.missedMass) Object.assign(found, { missed: s, missedMass: mass });
      }
    }
    return found;
  });
}

/**
 * Mean share of blocks visited by the heads an entry of the list holds for; NaN for none, as where later entries name the
 * same heads.
 */
export function visitedUnder(
  heads: SparsifiedText['heads'],
  sparse: readonly SparseChoice[],
  entry: number,
): number {
  const holds = heads.filter((at) => sparse.findLastIndex((one) => !one.off && covers(one, at)) === entry);
  return mean(holds.map(({ visited }) => visited));
}
