import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Batch } from '../../gpu/batch.ts';
import { STAYS } from '../../gpu/kernels/edit_rows.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { ModelConfig } from '../../model/config.ts';
import { parseHook } from '../../model/hooks.ts';
import type { Edit } from '../../model/run-plan.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Step } from './edits.ts';
import { isInScope } from './rows.ts';
import type { PassEdits, PassRows, Steering } from './steering.ts';

/** Steps as edits of passes. @param release of what the steps hold */
export function steeringOf(
  config: Pick<ModelConfig, 'nLayers'> & Parameters<typeof parseHook>[1],
  steps: readonly Step[],
  release: () => void,
): Steering {
  const layers = steps.map(({ hook, sees }) => parseHook(sees ?? hook, config).layer);
  return {
    firstLayer: Math.min(config.nLayers, ...layers.map((layer) => layer ?? 0)),
    atEmbedding: layers.includes(undefined),
    edits: (rows) => passEdits(steps, rows),
    [Symbol.dispose]: release,
  };
}

/** Codes whose features may have been more than there was room for. */
interface Counted {
  dictionary: Dictionary;
  counts: Tensor;
  room: number;
}

/** A step with some row to act on. */
interface LiveStep extends Step {
  /** [T] */
  taken: Uint32Array<ArrayBuffer>;
}

function passEdits(steps: readonly Step[], pass: PassRows): PassEdits {
  const live = steps.flatMap((step): LiveStep[] => {
    const taken = Uint32Array.from(pass.rows, (_, t) =>
      isInScope(step.scope, pass, t) ? (step.takes(pass, t) ?? STAYS) : STAYS,
    );
    return taken.every((row) => row === STAYS) ? [] : [{ ...step, taken }];
  });
  const counted: Counted[] = [];
  const seen = new Map<string, SeenActivation>();
  for (const { sees } of live) {
    if (sees === undefined) continue;
    const activation = seen.get(sees) ?? new SeenActivation(sees);
    activation.uses += 1;
    seen.set(sees, activation);
  }
  const hooks = new Set([...seen.keys(), ...live.map(({ hook }) => hook)]);
  const edits = new Map(
    Array.from(hooks, (hook) => {
      const own = live.filter((step) => step.hook === hook);
      return [hook, editOf(own, { seen, counted, hook })];
    }),
  );
  return {
    edits,
    reads: () => counted.map(({ counts }) => counts),
    settle(arrays) {
      const tight = counted.flatMap(({ dictionary, room }, i) => {
        const most = Array.from(arrays[i]!).reduce((top, count) => Math.max(top, count), 0);
        return most > room ? [{ dictionary, most }] : [];
      });
      for (const { dictionary, most } of tight) dictionary.makeRoom(most, pass.rows.length);
      return tight.length === 0;
    },
  };
}

/** An activation that steps at a later hook must see: a copy, as the pass does not keep it for them. */
class SeenActivation {
  uses = 0;
  #copy: Tensor | undefined;

  constructor(private readonly hook: string) {}

  fill(batch: Batch, activation: Tensor): void {
    this.#copy = batch.scratch(activation.shape);
    batch.copy(activation, this.#copy);
  }

  get activation(): Tensor {
    if (this.#copy) return this.#copy;
    throw new FacetError('bug', `the activation at "${this.hook}" was not recorded`);
  }

  used(batch: Batch): void {
    this.uses -= 1;
    if (this.uses === 0) batch.release(this.#copy);
  }
}

function editOf(
  steps: readonly LiveStep[],
  { seen, counted, hook }: { seen: ReadonlyMap<string, SeenActivation>; counted: Counted[]; hook: string },
): Edit {
  return (batch, activation) => {
    let x = activation;
    for (const { taken, sees, apply } of steps) {
      const rows = batch.input(taken, [taken.length]);
      const other = sees === undefined ? undefined : seen.get(sees);
      const y = apply({
        batch,
        x,
        rows,
        seen: other?.activation ?? x,
        onCodes: (dictionary, { counts, indices }) => {
          if (counts) counted.push({ dictionary, counts, room: indices.shape[1]! });
        },
      });
      other?.used(batch);
      batch.release(rows);
      if (x !== activation) batch.release(x);
      x = y;
    }
    seen.get(hook)?.fill(batch, x);
    return x;
  };
}
