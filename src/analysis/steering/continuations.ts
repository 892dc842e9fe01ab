import { KvCache } from '../../model/kv-cache.ts';
import type { Transformer } from '../../model/transformer.ts';
import { checkLogits } from './overflow.ts';
import { settled } from './settled.ts';
import type { PassEdits, Steering } from './steering.ts';
import type { Continuation } from './sweep.ts';

/** A text to be gone on with. Several may share a steering when they share the prompt. */
export interface Beginning {
  /** Prefix included. */
  ids: Uint32Array<ArrayBuffer>;
  special: readonly boolean[];
  steering?: Steering;
  /** @param ids prompt and what was generated, in order; @param step tokens generated before */
  choose(logits: Float32Array, ids: readonly number[], step: number): number;
}

export interface ContinueOptions {
  tokens: number;
  /** A token that ends its text; it is the text's last. */
  ends: ReadonlySet<number>;
  isSpecial: (id: number) => boolean;
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Told how many tokens were made just now. */
  onTokens?: (count: number) => void;
}

interface Growing {
  beginning: Beginning;
  cache: KvCache;
  ids: number[];
  special: boolean[];
  ended: boolean;
}

/**
 * Continues several texts side by side, a token of each a submission: waiting for the GPU is most of what a single text's
 * token takes. Prompt and tokens must fit the context.
 * @throws FacetError `bad-input` where they do not, and when a steered model's output is no number
 */
export async function continueTexts(
  model: Transformer,
  beginnings: readonly Beginning[],
  { tokens, ends, isSpecial, turn, onTokens }: ContinueOptions,
): Promise<Continuation[]> {
  const texts = beginnings.map((beginning): Growing => {
    const cache = new KvCache(model.gpu, model.config);
    return { beginning, cache, ids: [...beginning.ids], special: [...beginning.special], ended: false };
  });
  try {
    for (const { cache, ids } of texts) await turn(() => cache.reserve(ids.length + tokens));
    for (let step = 0; step < tokens; step++) {
      const growing = texts.filter(({ ended }) => !ended);
      if (growing.length === 0) break;
      const logits = await turn(() => settled(() => readOn(model, growing)));
      growing.forEach((text, i) => {
        checkLogits(logits[i]!);
        const id = text.beginning.choose(logits[i]!, text.ids, step);
        text.ids.push(id);
        text.special.push(isSpecial(id));
        text.ended = ends.has(id);
      });
      onTokens?.(growing.length);
    }
    return texts.map(({ beginning, ids }) => ({
      ids: Uint32Array.from(ids),
      promptRows: beginning.ids.length,
    }));
  } finally {
    for (const { cache } of texts) cache[Symbol.dispose]();
  }
}

/** Reads what each text has beyond its cache. @returns the logits after each text's last row; undefined: again */
async function readOn(model: Transformer, texts: readonly Growing[]): Promise<Float32Array[] | undefined> {
  const before = texts.map(({ cache }) => cache.length);
  const forget = (): void => texts.forEach(({ cache }, i) => cache.truncate(before[i]!));
  const batch = model.gpu.batch('continue');
  try {
    const passes = texts.map((text, i) => {
      const from = before[i]!;
      const edits = editsOf(text, from);
      const ids = Uint32Array.from(text.ids.slice(from));
      const { logits } = model.record(batch, {
        ids,
        cache: text.cache,
        logits: 'last',
        edits: edits?.edits,
      });
      return { logits: logits!, edits, reads: edits?.reads() ?? [] };
    });
    const { arrays } = await batch.submit(passes.flatMap(({ logits, reads }) => [logits, ...reads]));
    let next = 0;
    const read = passes.map(({ edits, reads }) => {
      const [logits, ...own] = arrays.slice(next, (next += 1 + reads.length));
      return { logits: logits as Float32Array, settled: edits?.settle(own) ?? true };
    });
    if (read.every((each) => each.settled)) return read.map(({ logits }) => logits);
    forget();
    return undefined;
  } catch (thrown) {
    batch.discard();
    forget();
    throw thrown;
  }
}

function editsOf({ beginning, ids, special }: Growing, from: number): PassEdits | undefined {
  return beginning.steering?.edits({
    rows: Array.from({ length: ids.length - from }, (_, i) => from + i),
    special: special.slice(from),
    promptRows: beginning.ids.length,
  });
}
