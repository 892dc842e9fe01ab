import { SplitPreTokenizer } from '@huggingface/tokenizers';
import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import { inByteAlphabet } from './byte-alphabet.ts';
import type { AlignedText, Edit } from './tokenizer-align.ts';

type Normalizer = (text: AlignedText) => AlignedText;

/** A pre-tokenizer of tokenizer.json: what it does to the text, then how it splits it into words. */
interface Splitter {
  prepare?: Normalizer;
  split?: (text: string) => string[];
  /** Words are written in the byte alphabet after it. */
  bytes?: boolean;
}

/** What happens to a text before it is cut into tokens, from tokenizer.json's `normalizer` and `pre_tokenizer`. */
export interface Steps {
  normalize: Normalizer;
  /** What the pre-tokenizer changes in a section between added tokens. */
  prepare: Normalizer;
  /** Words of a prepared section, in the byte alphabet if `byteLevel`; joined, they are the section. */
  words: (text: string) => string[];
  byteLevel: boolean;
  /** The character that stands for a space in tokens, if one does. */
  space: string | undefined;
}

const stringSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const patternSchema = v.union([
  v.object({ String: stringSchema }),
  v.object({ Regex: v.pipe(v.string(), v.maxLength(10_000)) }),
]);
const flagSchema = v.nullish(v.boolean(), false);
const replaceSchema = v.object({ pattern: v.object({ String: stringSchema }), content: stringSchema });

const inserted = (content: string): readonly Edit[] => [[0, 0, content]];

const normalizers: Record<string, (json: unknown) => Normalizer> = {
  NFC: () => (text) => text.normalized('NFC'),
  NFD: () => (text) => text.normalized('NFD'),
  NFKC: () => (text) => text.normalized('NFKC'),
  NFKD: () => (text) => text.normalized('NFKD'),
  Prepend: (json) => {
    const { prepend } = v.parse(v.object({ prepend: stringSchema }), json);
    return (text) => (text.text === '' ? text : text.edited(inserted(prepend)));
  },
  Replace: (json) => {
    const parsed = v.safeParse(replaceSchema, json);
    if (!parsed.success) throw unsupported('replacement of patterns, or by nothing');
    const { pattern, content } = parsed.output;
    return (text) => text.replaced(pattern.String, content);
  },
};

/** @source openai/gpt-2 encoder.py */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The library's splitter by a regular expression, which it translates to JavaScript's. */
function isolated(regex: string, invert = false): (text: string) => string[] {
  const splitter = new SplitPreTokenizer({
    type: 'Split',
    pattern: { Regex: regex },
    behavior: 'Isolated',
    invert,
  });
  return (text) => splitter.pre_tokenize_text(text);
}

const splitters: Record<string, (json: unknown) => Splitter> = {
  ByteLevel: (json) => {
    const schema = v.object({ add_prefix_space: flagSchema, use_regex: v.nullish(v.boolean(), true) });
    const { add_prefix_space: prefix, use_regex: regex } = v.parse(schema, json);
    return {
      bytes: true,
      ...(prefix && {
        prepare: (text: AlignedText) => (text.text.startsWith(' ') ? text : text.edited(inserted(' '))),
      }),
      ...(regex && { split: isolated(GPT2) }),
    };
  },
  // The library knows digits 0 to 9 only; the reference takes every numeric character.
  Digits: (json) => {
    const { individual_digits: single } = v.parse(v.object({ individual_digits: flagSchema }), json);
    return { split: isolated(single ? '\\p{N}' : '\\p{N}+') };
  },
  Metaspace: (json) => {
    const schema = v.object({
      replacement: v.nullish(v.pipe(v.string(), v.length(1)), '▁'),
      add_prefix_space: v.nullish(v.boolean(), true),
      prepend_scheme: v.nullish(v.picklist(['always', 'first', 'never'])),
      split: v.nullish(v.boolean(), true),
    });
    const { replacement, split, ...prefix } = v.parse(schema, json);
    const scheme = prefix.prepend_scheme ?? (prefix.add_prefix_space ? 'always' : 'never');
    return {
      prepare: (given) => {
        const text = given.replaced(' ', replacement);
        const wanted = scheme === 'always' || (scheme === 'first' && text.start(0) === 0);
        return wanted && !text.text.startsWith(replacement) ? text.edited(inserted(replacement)) : text;
      },
      ...(split && { split: (text: string) => joinedTo('next', text, replacement) }),
    };
  },
  Split: (json) => {
    const schema = v.object({ pattern: patternSchema, behavior: v.string(), invert: flagSchema });
    const { pattern, behavior, invert } = v.parse(schema, json);
    if ('String' in pattern && !invert) {
      if (behavior === 'MergedWithPrevious')
        return { split: (text) => joinedTo('previous', text, pattern.String) };
      if (behavior === 'MergedWithNext') return { split: (text) => joinedTo('next', text, pattern.String) };
    }
    const regex = 'String' in pattern ? pattern.String.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : pattern.Regex;
    if (behavior === 'Isolated') return { split: isolated(regex) };
    // What does not match is thrown away, of which the patterns in use leave nothing.
    if (behavior === 'Removed' && invert) return { split: isolated(regex, true) };
    throw unsupported(`split with behavior ${behavior.slice(0, 40)}`);
  },
};

function joinedTo(side: 'previous' | 'next', text: string, pattern: string): string[] {
  const parts = text.split(pattern);
  const last = parts.length - 1;
  return parts
    .map((part, i) => (side === 'next' ? (i > 0 ? pattern + part : part) : i < last ? part + pattern : part))
    .filter((part) => part !== '');
}

const unsupported = (what: string): FacetError =>
  new FacetError('unsupported', `Tokenizers that use ${what} are not supported.`, {
    hint: 'Choose a model of the families named in the catalogue, or its original tokenizer.json.',
  });

/** The steps of a `normalizer` or `pre_tokenizer`, which is one step, a sequence of them, or null. */
function chain(json: unknown, list: 'normalizers' | 'pretokenizers'): { type: string }[] {
  if (json == null) return [];
  const { type } = v.parse(v.object({ type: v.string() }), json);
  if (type !== 'Sequence') return [json as { type: string }];
  return v.parse(v.object({ [list]: v.array(v.looseObject({ type: v.string() })) }), json)[list]!;
}

function made<Step>(makers: Record<string, (json: unknown) => Step>, step: { type: string }): Step {
  if (!Object.hasOwn(makers, step.type)) throw unsupported(`the step ${step.type.slice(0, 40)}`);
  return makers[step.type]!(step);
}

/** Names of the steps, for people. Never throws. */
export function stepNames(normalizer: unknown, preTokenizer: unknown): string[] {
  try {
    return [...chain(normalizer, 'normalizers'), ...chain(preTokenizer, 'pretokenizers')].map(
      ({ type }) => type,
    );
  } catch {
    return [];
  }
}

/**
 * @param normalizer tokenizer.json's `normalizer`, not trusted
 * @param preTokenizer its `pre_tokenizer`
 * @throws FacetError `unsupported` for steps that drop text or that the library computes unlike the reference
 * @throws v.ValiError for steps that are not as the format has them
 */
export function makeSteps(normalizer: unknown, preTokenizer: unknown): Steps {
  const normalizing = chain(normalizer, 'normalizers');
  const splitting = chain(preTokenizer, 'pretokenizers');
  const normalize = normalizing.map((step) => made(normalizers, step));
  const split = splitting.map((step) => made(splitters, step));
  const last = split.at(-1);
  const unclear = split.find((step, i) => (step.prepare && i > 0) || (step.bytes && step !== last));
  if (unclear)
    throw unsupported(
      `the steps ${splitting
        .map(({ type }) => type)
        .join(', ')
        .slice(0, 100)} in this order`,
    );
  let space: string | undefined;
  for (const step of [...normalizing, ...splitting]) {
    if (step.type === 'Metaspace')
      space = v.parse(v.object({ replacement: v.nullish(v.string(), '▁') }), step).replacement;
    const replace = v.safeParse(replaceSchema, step);
    if (step.type === 'Replace' && replace.success && replace.output.pattern.String === ' ')
      space = replace.output.content;
  }
  return {
    normalize: (text) => normalize.reduce((before, step) => step(before), text),
    prepare: (text) => split[0]?.prepare?.(text) ?? text,
    words: (text) => {
      const words = split.reduce(
        (parts, step) => (step.split ? parts.flatMap((part) => step.split!(part)) : parts),
        [text],
      );
      return last?.bytes ? words.map(inByteAlphabet) : words;
    },
    byteLevel: last?.bytes ?? false,
    space,
  };
}
