import '../shared/disposal.ts';
import { type EngineClient, startEngine } from '../engine/client.ts';
import type { OpenedModel } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import type { HeadlessAnswer, HeadlessRequest, HeadlessResult } from './protocol.ts';

// The page the command line drives: the same engine and worker as the explorer, without the explorer.

const troubles: FacetError[] = [];
/** As text, each takes some 20 bytes, and a string has at most 2²⁹. */
const MOST_LOGITS = 2.4e7;
let engine: EngineClient | undefined;
/** What is open, so that several texts are read with one load. */
let open: { what: string; opened: OpenedModel } | undefined;

async function analyze(request: HeadlessRequest): Promise<HeadlessResult> {
  const { model, dictionary, storage } = request;
  engine ??= startEngine(request.backend, (trouble) => troubles.push(trouble));
  const what = JSON.stringify({ model, dictionary, storage });
  if (open?.what !== what) open = { what, opened: await engine.open({ model, dictionary, storage }) };
  const { opened } = open;
  const tokenized = await engine.tokenize({ text: request.text, windowStart: 0 });
  if (request.logits === 'all' && tokenized.tokens.length * opened.model.dVocab > MOST_LOGITS) {
    throw new FacetError('limits', 'These are more logits than one answer can hold.', {
      hint: 'Shorten the text, or ask for those of the last position.',
    });
  }
  const analysis = await engine.analyze({
    text: request.text,
    windowStart: 0,
    nextTokens: request.top,
    honesty: false,
    logits: request.logits,
    captures: request.captures,
  });
  if (troubles[0]) throw troubles[0];
  const { codes, next, tokens, logits } = analysis;
  const last = tokens.length - 1;
  const cut = analysis.totalTokens - analysis.windowTokens;
  return {
    model: {
      id: opened.model.id,
      family: opened.model.family,
      digest: opened.model.digest,
      parameters: opened.model.parameters,
    },
    dictionary: opened.dictionary
      ? {
          id: opened.dictionary.id,
          hook: opened.dictionary.hook,
          digest: opened.dictionary.digest,
          dSae: opened.dictionary.dSae,
          k: opened.dictionary.k,
        }
      : null,
    tokens: tokens.map(({ id, text }) => ({ id, text })),
    loss: Array.from(analysis.loss.subarray(1)),
    next: Array.from({ length: next.n }, (_, rank) => {
      const at = last * next.n + rank;
      return { id: next.ids[at]!, text: next.texts[at]!, prob: next.probs[at]! };
    }),
    features: tokens.map((_, t) => {
      const entries: { index: number; value: number }[] = [];
      const end = Math.min(codes.offsets[t + 1] ?? 0, (codes.offsets[t] ?? 0) + request.top);
      for (let e = codes.offsets[t] ?? 0; e < end; e++)
        entries.push({ index: codes.indices[e]!, value: codes.values[e]! });
      return entries;
    }),
    ...(logits && { logits: rows(logits.data, logits.shape[1]) }),
    ...(request.captures.length > 0 && {
      captures: Object.fromEntries(
        Object.entries(analysis.captures).map(([hook, { shape, data }]) => [
          hook,
          { shape, data: Array.from(data) },
        ]),
      ),
    }),
    notes:
      cut > 0
        ? [
            ...tokenized.notes,
            `The text has ${analysis.totalTokens} tokens; only the first ${analysis.windowTokens} fit the context.`,
          ]
        : tokenized.notes,
  };
}

function rows(data: Float32Array, width: number): number[][] {
  return Array.from({ length: data.length / width }, (_, row) =>
    Array.from(data.subarray(row * width, (row + 1) * width)),
  );
}

globalThis.facetHeadless = async (job): Promise<HeadlessAnswer> => {
  try {
    if ('analyze' in job) return { ok: true, result: await analyze(job.analyze) };
    engine ??= startEngine('auto', (trouble) => troubles.push(trouble));
    return { ok: true, result: await engine.inspect(job.inspect) };
  } catch (thrown) {
    const { code, message, hint } = FacetError.from(thrown);
    return { ok: false, error: { code, message, hint } };
  }
};
