import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { ModelTokenizer } from '../../model/tokenizer.ts';
import type { Transformer } from '../../model/transformer.ts';
import { analyzePrompt } from '../prompt.ts';
import { effects, markEffects } from './effects.ts';

/** What texts generated at one strength are like. E effects in the order of `effects`. */
export interface SweepPoint {
  strength: number;
  /** Continuations and their tokens. */
  texts: number;
  tokens: number;
  /** Mean loss of the continuations' tokens under the base, nats a token. */
  loss: number;
  /** Mean activation of the swept feature over those tokens, read in the base; NaN where no feature is swept. */
  activation: number;
  /** [E] share of continuations' tokens with the property. */
  rates: Float64Array;
  /** [E] standard error of each rate, over continuations. */
  errors: Float64Array;
  /** The first continuations, with the prompt's end, for reading. At most 3. */
  examples: string[];
}

/** A prompt's rows with what was generated after them. */
export interface Continuation {
  ids: Uint32Array<ArrayBuffer>;
  promptRows: number;
}

/** Sums over one continuation's own tokens. */
export interface MeasuredText {
  tokens: number;
  /** [E] tokens with each property. */
  counts: Uint32Array;
  /** nats */
  loss: number;
  activation: number;
  example: string;
}

const MOST_EXAMPLES = 3;
/** Rows of the prompt that an example begins with. */
const ROWS_SHOWN = 8;

/**
 * Reads a continuation with the model as it is. Properties are seen in prompt and continuation together.
 * @param swept the feature whose activation is summed
 */
export async function measureText(
  model: Transformer,
  tokenizer: ModelTokenizer,
  { ids, promptRows }: Continuation,
  swept?: { dictionary: Dictionary; feature: number },
): Promise<MeasuredText> {
  const options = { nextTokens: 0, honesty: false, logits: 'none', captures: [] } as const;
  const { loss, codes } = await analyzePrompt(model, swept?.dictionary, ids, options);
  let activation = swept ? 0 : NaN;
  for (let at = codes.offsets[promptRows] ?? 0; at < codes.indices.length; at++)
    if (codes.indices[at] === swept?.feature) activation += codes.values[at]!;
  return {
    tokens: ids.length - promptRows,
    counts: countEffects(tokenizer, ids, promptRows),
    loss: loss.subarray(promptRows).reduce((sum, value) => sum + value, 0),
    activation,
    example: readable(tokenizer, ids.subarray(Math.max(0, promptRows - ROWS_SHOWN))),
  };
}

/** [E] how many of the rows from `from` on have each property. */
export function countEffects(
  tokenizer: Pick<ModelTokenizer, 'bytes' | 'isSpecial'>,
  ids: Uint32Array,
  from: number,
): Uint32Array {
  return Uint32Array.from(markEffects(tokenizer, ids), (has) =>
    has.subarray(from).reduce((sum, one) => sum + one, 0),
  );
}

/** Text of tokens; a special one begins a new line. */
function readable(tokenizer: ModelTokenizer, ids: Uint32Array): string {
  const bytes = Array.from(ids).flatMap((id) =>
    tokenizer.isSpecial(id) ? [0x0a] : [...(tokenizer.bytes(id) ?? [])],
  );
  return new TextDecoder().decode(Uint8Array.from(bytes)).trim();
}

/** Collects what was measured at one strength. */
export class PointSums {
  readonly #texts: MeasuredText[] = [];

  constructor(readonly strength: number) {}

  add(text: MeasuredText): void {
    this.#texts.push(text);
  }

  point(): SweepPoint {
    const texts = this.#texts;
    const tokens = total(texts, (text) => text.tokens);
    const counts = effects.map((_, effect) => total(texts, (text) => text.counts[effect]!));
    const rates = Float64Array.from(counts, (count) => count / tokens);
    return {
      strength: this.strength,
      texts: texts.length,
      tokens,
      loss: total(texts, (text) => text.loss) / tokens,
      activation: total(texts, (text) => text.activation) / tokens,
      rates,
      errors: rates.map((rate, effect) => rateError(texts, effect, rate)),
      examples: texts.slice(0, MOST_EXAMPLES).map(({ example }) => example),
    };
  }
}

/**
 * Standard error of a share of tokens when whole texts were drawn: that of a ratio of two sums.
 * √(n / (n − 1) · Σ (count − rate · tokens)²) / Σ tokens. @source Cochran 1977, Sampling Techniques, 6.4
 */
function rateError(texts: readonly MeasuredText[], effect: number, rate: number): number {
  const n = texts.length;
  if (n < 2) return NaN;
  const squares = total(texts, ({ counts, tokens }) => (counts[effect]! - rate * tokens) ** 2);
  return Math.sqrt((n / (n - 1)) * squares) / total(texts, ({ tokens }) => tokens);
}

function total<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
