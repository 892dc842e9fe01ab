import { type SparseCodes, toSparseCodes } from '../dictionary/codes.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import type { KernelTiming } from '../gpu/batch.ts';
import { logProbGather } from '../gpu/kernels/log_prob_gather.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { hookShape, parseHook } from '../model/hooks.ts';
import type { Transformer } from '../model/transformer.ts';
import { type HonestyResult, recordHonesty, resumeLayer, summarizeHonesty } from './honesty.ts';

export interface PromptOptions {
  /** Likely next tokens per position. */
  nextTokens: number;
  honesty: boolean;
  logits: 'none' | 'last' | 'all';
  captures: readonly string[];
}

/** Everything one pass over a prompt says. T positions, the beginning-of-text token at 0 included. */
export interface PromptResult {
  codes: SparseCodes;
  /** [T] −ln p(token t | before), nats; NaN at position 0. */
  loss: Float32Array<ArrayBuffer>;
  /** [T · n] */
  next: { n: number; ids: Uint32Array<ArrayBuffer>; probs: Float32Array<ArrayBuffer> };
  honesty?: HonestyResult;
  logits?: { shape: [number, number]; data: Float32Array<ArrayBuffer> };
  captures: Record<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>;
  timings: KernelTiming[];
}

/** Collects what is to be read back, and finds it again after the one submission. */
class Reads {
  readonly tensors: Tensor[] = [];
  #arrays: (Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>)[] = [];

  want(tensor: Tensor): number {
    return this.tensors.push(tensor) - 1;
  }

  fill(arrays: (Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>)[]): void {
    this.#arrays = arrays;
  }

  floats(index: number): Float32Array<ArrayBuffer> {
    return this.#arrays[index] as Float32Array<ArrayBuffer>;
  }

  words(index: number): Uint32Array<ArrayBuffer> {
    return this.#arrays[index] as Uint32Array<ArrayBuffer>;
  }
}

/**
 * Model, dictionary and, when asked, the honesty passes over one sequence: one submission, one readback.
 * @param ids token ids with the beginning-of-text token first; 1 … nCtx of them
 * @throws FacetError `bad-input`, `device-lost`
 */
export async function analyzePrompt(
  model: Transformer,
  dictionary: Dictionary | undefined,
  ids: Uint32Array<ArrayBuffer>,
  options: PromptOptions,
): Promise<PromptResult> {
  const { config, gpu } = model;
  const length = ids.length;
  const batch = gpu.batch('analyze');
  const reads = new Reads();
  try {
    const layer = dictionary ? resumeLayer(dictionary.hook, model) : 0;
    const residualHook = `blocks.${layer}.hook_resid_pre`;
    const captures = [
      ...new Set([...(dictionary ? [dictionary.hook, residualHook] : []), ...options.captures]),
    ];
    const { captures: captured, logits } = model.record(batch, { ids, captures, logits: 'all' });

    batch.scope('dictionary');
    const activation = dictionary && captured.get(dictionary.hook)!;
    const codes = dictionary && activation && dictionary.encode(batch, activation);
    batch.scope('predictions');
    const shifted = new Uint32Array(length);
    shifted.set(ids.subarray(1));
    const targets = batch.input(shifted, [length]);
    const { logProb, lse } = logProbGather(batch, { logits: logits!, targets });
    const n = Math.min(options.nextTokens, config.dVocab);
    const top = topKRows(batch, { x: logits!, k: n, order: 'largest' });

    const at = {
      logProb: reads.want(logProb),
      lse: reads.want(lse),
      topIds: reads.want(top.indices),
      topLogits: reads.want(top.values),
    };
    const codesAt = codes && { indices: reads.want(codes.indices), values: reads.want(codes.values) };
    // Two tokens at least are needed for a replaced activation to have a next token to be judged by.
    let honestyAt: Record<'errors' | 'spliced' | 'zeroed' | 'kl', number> | undefined;
    if (options.honesty && length > 2 && dictionary && codes && activation) {
      // A hook before the first block is replaced by running everything again.
      const inBlock = parseHook(dictionary.hook, config).layer !== undefined;
      const residual = inBlock ? { layer, tensor: captured.get(residualHook)! } : undefined;
      const honesty = recordHonesty(batch, model, dictionary, {
        ids,
        activation,
        codes,
        cleanLogits: logits!,
        targets,
        residual,
      });
      honestyAt = {
        errors: reads.want(honesty.errors),
        spliced: reads.want(honesty.spliced),
        zeroed: reads.want(honesty.zeroed),
        kl: reads.want(honesty.kl),
      };
    }
    const captureAt = options.captures.map((name) => [name, reads.want(captured.get(name)!)] as const);
    const logitsAt = options.logits === 'none' ? -1 : reads.want(logits!);

    const { arrays, timings } = await batch.submit(reads.tensors);
    reads.fill(arrays);
    const sparse = codesAt
      ? toSparseCodes(reads.words(codesAt.indices), reads.floats(codesAt.values), length)
      : toSparseCodes(new Uint32Array(), new Float32Array(), length);
    const logProbs = reads.floats(at.logProb);
    return {
      codes: sparse,
      loss: Float32Array.from({ length }, (_, t) => (t === 0 ? NaN : -logProbs[t - 1]!)),
      next: nextTokens(n, reads.words(at.topIds), reads.floats(at.topLogits), reads.floats(at.lse)),
      honesty:
        honestyAt &&
        summarizeHonesty(
          {
            errors: reads.floats(honestyAt.errors),
            spliced: reads.floats(honestyAt.spliced),
            zeroed: reads.floats(honestyAt.zeroed),
            kl: reads.floats(honestyAt.kl),
          },
          logProbs,
          Uint32Array.from({ length }, (_, t) => sparse.offsets[t + 1]! - sparse.offsets[t]!),
        ),
      logits:
        logitsAt < 0
          ? undefined
          : chosenLogits(reads.floats(logitsAt), length, config.dVocab, options.logits),
      captures: Object.fromEntries(
        captureAt.map(([name, index]) => [
          name,
          { shape: hookShape(parseHook(name, config), config, length), data: reads.floats(index) },
        ]),
      ),
      timings,
    };
  } catch (thrown) {
    batch.discard();
    throw thrown;
  }
}

function nextTokens(
  n: number,
  ids: Uint32Array<ArrayBuffer>,
  logits: Float32Array,
  lse: Float32Array,
): PromptResult['next'] {
  return {
    n,
    ids,
    probs: Float32Array.from(logits, (logit, index) => Math.exp(logit - lse[Math.floor(index / n)]!)),
  };
}

function chosenLogits(
  all: Float32Array<ArrayBuffer>,
  length: number,
  dVocab: number,
  which: 'last' | 'all' | 'none',
): PromptResult['logits'] {
  if (which === 'all') return { shape: [length, dVocab], data: all };
  return { shape: [1, dVocab], data: all.slice((length - 1) * dVocab) };
}
