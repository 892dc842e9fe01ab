import { type SparseCodes, toSparseCodes } from '../dictionary/codes.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { codeTensors, readCodes, type ReadCodes, withRoom } from '../dictionary/room.ts';
import type { Batch, KernelTiming } from '../gpu/batch.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { hookShape, parseHook } from '../model/hooks.ts';
import type { Transformer } from '../model/transformer.ts';
import {
  compareLogits,
  type HonestyPasses,
  type HonestyResult,
  recordHonesty,
  resumeLayer,
  summarizeHonesty,
} from './honesty.ts';
import { type FinalPass, LogitParts } from './logit-parts.ts';
import { Reads } from './reads.ts';
import { canSplice, ownActivation } from './site.ts';
import { takeRow } from './take-row.ts';

export interface PromptOptions {
  /** Likely next tokens per position. */
  nextTokens: number;
  /** Losses and likely next tokens; default true. Without them, honesty and logits, the pass ends at the last hook asked for. */
  predictions?: boolean;
  honesty: boolean;
  logits: 'none' | 'last' | 'all';
  captures: readonly string[];
  /** Most bytes of logits of one pass at once; default 10 MiB. */
  mostLogitBytes?: number;
}

/** Everything one pass over a prompt says. T positions, a beginning-of-text token at 0 included. */
export interface PromptResult {
  codes: SparseCodes;
  /** [T] −ln p(token t | before), nats; NaN at position 0, and everywhere without predictions. */
  loss: Float32Array<ArrayBuffer>;
  /** [T · n]; n is 0 without predictions */
  next: { n: number; ids: Uint32Array<ArrayBuffer>; probs: Float32Array<ArrayBuffer> };
  honesty?: HonestyResult;
  logits?: { shape: [number, number]; data: Float32Array<ArrayBuffer> };
  captures: Record<string, { shape: number[]; data: Float32Array<ArrayBuffer> }>;
  timings: KernelTiming[];
}

/**
 * Model, dictionary and, when asked, the honesty passes over one sequence: one submission, one readback, unless more
 * features were active on a token than there was room for; then everything is done again with more.
 * @param ids token ids, with the beginning-of-text token first where the model has one; 1 … nCtx of them
 * @throws FacetError `bad-input`, `device-lost`, `limits`
 */
export async function analyzePrompt(
  model: Transformer,
  dictionary: Dictionary | undefined,
  ids: Uint32Array<ArrayBuffer>,
  options: PromptOptions,
): Promise<PromptResult> {
  return withRoom(dictionary, ids.length, async () => {
    const batch = model.gpu.batch('analyze');
    try {
      return await read(batch, model, dictionary, ids, options);
    } catch (thrown) {
      batch.discard();
      throw thrown;
    }
  });
}

/** Where a dictionary's part of a reading is recorded and read back. */
interface DictionaryReads {
  codes: readonly number[];
  passes?: HonestyPasses;
  errors?: number;
}

async function read(
  batch: Batch,
  model: Transformer,
  dictionary: Dictionary | undefined,
  ids: Uint32Array<ArrayBuffer>,
  options: PromptOptions,
): Promise<{ result: PromptResult; read: readonly ReadCodes[] }> {
  const { config } = model;
  const length = ids.length;
  const reads = new Reads();
  // Two tokens at least are needed for a replaced activation to have a next token to be judged by.
  const judged = options.honesty && length > 2 && dictionary && canSplice(dictionary);
  const logits = new LogitParts(model, length, options.mostLogitBytes, judged || options.logits === 'all');
  const resumeAt = dictionary && resumeLayer(dictionary.hookOut, model);
  const residualHook = `blocks.${resumeAt ?? 0}.hook_resid_pre`;
  const own = [
    ...(dictionary ? [dictionary.hook] : []),
    ...(judged ? [dictionary.hookOut, residualHook] : []),
  ];
  const captures = [...new Set([...own, ...options.captures])];
  const predicted = (options.predictions ?? true) || judged || options.logits !== 'none';
  const clean: FinalPass = predicted
    ? logits.record(batch, { ids, captures })
    : model.record(batch, { ids, captures, logits: 'none' });

  let dictionaryReads: DictionaryReads | undefined;
  if (dictionary) {
    batch.scope('dictionary');
    const captured = (hook: string): Tensor => ownActivation(batch, dictionary, clean.captures.get(hook)!);
    const input = captured(dictionary.hook);
    const codes = dictionary.encode(batch, input);
    dictionaryReads = { codes: codeTensors(codes).map((tensor) => reads.want(tensor)) };
    if (judged) {
      const target = dictionary.hookOut === dictionary.hook ? input : captured(dictionary.hookOut);
      // A hook before the first block is replaced by running everything again.
      const resume =
        resumeAt === undefined ? undefined : { layer: resumeAt, residual: clean.captures.get(residualHook)! };
      const passes = recordHonesty(batch, logits, dictionary, { ids, input, target, codes, resume });
      dictionaryReads = { ...dictionaryReads, passes, errors: reads.want(passes.errors) };
    }
  }
  const n = predicted ? Math.min(options.nextTokens, config.dVocab) : 0;
  const at = recordPredictions(batch, logits, clean, {
    ids,
    n,
    parts: predicted ? logits.parts : [],
    which: options.logits,
    reads,
    ...dictionaryReads,
  });
  const captureAt = options.captures.map((name) => [name, reads.want(clean.captures.get(name)!)] as const);

  const { arrays, timings } = await batch.submit(reads.tensors);
  reads.fill(arrays);
  const found =
    dictionaryReads &&
    readCodes(
      dictionaryReads.codes.map((index) => reads.at(index)),
      length,
    );
  const codes = found?.codes ?? toSparseCodes(new Uint32Array(), new Float32Array(), length);
  const logProbs = reads.floats(at.logProb);
  const result: PromptResult = {
    codes,
    loss: Float32Array.from({ length }, (_, t) => -(logProbs[t - 1] ?? NaN)),
    next: nextTokens(n, reads.words(at.topIds), reads.floats(at.topLogits), reads.floats(at.lse)),
    honesty:
      dictionaryReads?.errors === undefined
        ? undefined
        : summarizeHonesty(
            {
              errors: reads.floats([dictionaryReads.errors]),
              spliced: reads.floats(at.spliced),
              zeroed: reads.floats(at.zeroed),
              kl: reads.floats(at.kl),
            },
            logProbs,
            Uint32Array.from({ length }, (_, t) => codes.offsets[t + 1]! - codes.offsets[t]!),
          ),
    logits:
      options.logits === 'none'
        ? undefined
        : { shape: [options.logits === 'all' ? length : 1, config.dVocab], data: reads.floats(at.logits) },
    captures: Object.fromEntries(
      captureAt.map(([name, index]) => [
        name,
        { shape: hookShape(parseHook(name, config), config, length), data: reads.floats([index]) },
      ]),
    ),
    timings,
  };
  return { result, read: found ? [found] : [] };
}

/** Where each array of the predictions will be, a number for each part of the text. */
type PredictionReads = Record<
  'logProb' | 'lse' | 'topIds' | 'topLogits' | 'spliced' | 'zeroed' | 'kl' | 'logits',
  number[]
>;

/** Losses, likely next tokens and what honesty compares, a part of the logits at a time. */
function recordPredictions(
  batch: Batch,
  logits: LogitParts,
  clean: FinalPass,
  asked: {
    ids: Uint32Array<ArrayBuffer>;
    n: number;
    parts: LogitParts['parts'];
    which: PromptOptions['logits'];
    reads: Reads;
    passes?: HonestyPasses;
  },
): PredictionReads {
  const { ids, n, parts, which, reads, passes } = asked;
  const at: PredictionReads = {
    logProb: [], lse: [], topIds: [], topLogits: [], spliced: [], zeroed: [], kl: [], logits: [],
  }; // oxfmt-ignore
  const last = (rows: Tensor | undefined, { from, count }: { from: number; count: number }): Tensor =>
    rows ? takeRow(batch, rows, count - 1) : logits.rows(batch, clean, { from: from + count - 1, count: 1 });
  const shifted = new Uint32Array(ids.length);
  shifted.set(ids.subarray(1));
  for (const part of parts) {
    batch.scope('predictions');
    const rows = logits.stored ? logits.rows(batch, clean, part) : undefined;
    const targets = batch.input(shifted.slice(part.from, part.from + part.count), [part.count]);
    const { logProb, lse, top } = logits.predict(batch, clean, part, { targets, k: n, logits: rows });
    at.logProb.push(reads.want(logProb));
    at.lse.push(reads.want(lse));
    if (top) {
      at.topIds.push(reads.want(top.indices));
      at.topLogits.push(reads.want(top.values));
    }
    if (passes) {
      const compared = compareLogits(batch, logits, passes, part, { clean: rows!, cleanLse: lse, targets });
      for (const name of ['spliced', 'zeroed', 'kl'] as const) at[name].push(reads.want(compared[name]));
    }
    if (which === 'all') at.logits.push(reads.want(rows!));
    else if (which === 'last' && part === logits.parts.at(-1)) at.logits.push(reads.want(last(rows, part)));
    if (which !== 'all') batch.release(rows);
  }
  return at;
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
