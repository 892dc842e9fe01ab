import type { Batch, ReadArray } from '../../gpu/batch.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import type { Tensor } from '../../gpu/tensor.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { ModelChoice, SeededModelName, SeededTensor, WorkloadKind, WorkloadShape } from './workloads.ts';

/** A workload whose inputs are on the device. */
export interface Prepared extends Disposable {
  /** What `check` holds the answer against, in words. */
  readonly checked: string;
  /** Records one run. @returns its answer, scratch of the batch */
  record(batch: Batch): Tensor[];
  /** @param answer what one run gave @throws FacetError `bug` when it is wrong */
  check(answer: readonly ReadArray[]): Promise<void>;
}

/** What workloads of one run of the suite share. */
export interface BenchContext {
  readonly gpu: Gpu;
  /** The one that is open in the page. */
  readonly open: Transformer;
  /** Made when first asked for; they stay until the run ends. */
  readonly seeded: (name: SeededModelName) => Promise<Transformer>;
  readonly tensor: (tensor: SeededTensor) => Promise<Tensor>;
  /** Runs work on the device in turn with what else the page asks. */
  readonly turn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Lets messages in, such as one that stops the run. @throws FacetError `cancelled` */
  readonly pause: () => Promise<void>;
}

export type Shape<Kind extends WorkloadKind> = Extract<WorkloadShape, { kind: Kind }>;

/** How workloads of a kind are made ready. One file each, and a line in `kinds/index.ts`. */
export type Prepare<Kind extends WorkloadKind> = (
  context: BenchContext,
  shape: Shape<Kind>,
) => Promise<Prepared>;

/** Disposes of several things as one. */
export function disposing(...things: (Disposable | undefined)[]): () => void {
  return () => {
    for (const thing of things) thing?.[Symbol.dispose]();
  };
}

/** @throws FacetError `unsupported` when the model reads fewer tokens at once */
export async function chosenModel(
  context: BenchContext,
  choice: ModelChoice,
  tokens: number,
): Promise<Transformer> {
  const model = choice === 'open' ? context.open : await context.seeded(choice);
  const { nCtx } = model.config;
  if (tokens <= nCtx) return model;
  throw new FacetError('unsupported', `The open model reads ${nCtx} tokens at once, not ${tokens}.`, {
    hint: 'Open another model to time this.',
  });
}

/** What lives as long as something else does. (`DisposableStack` is not in every browser.) */
export class Belongings implements Disposable {
  readonly #all: Disposable[] = [];

  use<One extends Disposable>(one: One): One {
    this.#all.push(one);
    return one;
  }

  /** The newest first: it may rest on older ones. */
  [Symbol.dispose](): void {
    for (const one of this.#all.splice(0).toReversed()) one[Symbol.dispose]();
  }
}
