import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import type { AddedToken } from './tokenizer-added.ts';
import { BytePairs, idSchema, modelSchema } from './tokenizer-pairs.ts';
import { makeSteps, stepNames, type Steps } from './tokenizer-steps.ts';

const flagSchema = v.optional(v.boolean(), false);
const addedSchema = v.array(
  v.object({
    id: idSchema,
    // Long enough for any in use, too short to make a search of the text slow.
    content: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
    special: flagSchema,
    normalized: v.optional(v.boolean()),
    single_word: flagSchema,
    lstrip: flagSchema,
    rstrip: flagSchema,
  }),
);
const tokenizerSchema = v.object({
  model: v.intersect([modelSchema, v.object({ type: v.nullish(v.literal('BPE')) })]),
  added_tokens: v.nullish(addedSchema, []),
  normalizer: v.optional(v.unknown()),
  pre_tokenizer: v.optional(v.unknown()),
});

const tokenSchema = v.nullish(v.union([v.string(), v.object({ content: v.string() })]));
const configSchema = v.object({
  bos_token: tokenSchema,
  eos_token: tokenSchema,
  unk_token: tokenSchema,
  pad_token: tokenSchema,
  chat_template: v.nullish(
    v.union([v.string(), v.array(v.object({ name: v.string(), template: v.string() }))]),
  ),
});

export interface TokenizerParts {
  pairs: BytePairs;
  added: AddedToken[];
  steps: Steps;
}

/**
 * @param json contents of tokenizer.json, not trusted
 * @throws FacetError `bad-file`, or `unsupported` for what is not BPE or cannot be placed exactly
 */
export function readTokenizerJson(json: unknown): TokenizerParts {
  const type = modelType(json);
  if (type !== undefined && type !== 'BPE')
    throw new FacetError('unsupported', `Tokenizers of type ${type.slice(0, 40)} are not supported.`);
  return read('tokenizer.json', () => {
    const { model, ...parsed } = v.parse(tokenizerSchema, json);
    const steps = makeSteps(parsed.normalizer, parsed.pre_tokenizer);
    const pairs = new BytePairs(model, steps.byteLevel);
    const added = parsed.added_tokens.map(({ normalized, ...token }) => ({
      ...token,
      id: pairs.id(token.content) ?? token.id,
      normalized: normalized ?? !token.special,
    }));
    return { pairs, added, steps };
  });
}

/** @throws FacetError `bad-file` */
export function readTokenizerConfig(json: unknown): {
  bos: string | undefined;
  eos: string | undefined;
  /** Texts of those that only chat templates ask for, by their names there. */
  special: Record<string, string>;
  chatTemplate: string | undefined;
} {
  const { chat_template: chat, ...tokens } = read('tokenizer_config.json', () =>
    v.parse(configSchema, json ?? {}),
  );
  const text = (token: v.InferOutput<typeof tokenSchema>): string | undefined =>
    typeof token === 'object' ? token?.content : token;
  const special = { unk_token: text(tokens.unk_token), pad_token: text(tokens.pad_token) };
  return {
    bos: text(tokens.bos_token),
    eos: text(tokens.eos_token),
    special: Object.fromEntries(
      Object.entries(special).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    chatTemplate: Array.isArray(chat)
      ? (chat.find(({ name }) => name === 'default') ?? chat[0])?.template
      : (chat ?? undefined),
  };
}

function read<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof FacetError) throw cause;
    if (cause instanceof v.ValiError) {
      const where = v.getDotPath(cause.issues[0]);
      throw new FacetError(
        'bad-file',
        `${file} is wrong${where ? ` at ${where.slice(0, 100)}` : ''}: ${cause.message}`,
        {
          cause,
        },
      );
    }
    throw new FacetError('bad-file', `${file} cannot be used.`, { detail: String(cause), cause });
  }
}

function modelType(json: unknown): string | undefined {
  const type = (json as { model?: { type?: unknown } | null } | null)?.model?.type;
  return typeof type === 'string' ? type : undefined;
}

/**
 * What a tokenizer.json holds, in a line for people, without making the tokenizer. Never throws.
 * @param json not trusted
 */
export function describeTokenizer(json: unknown): string {
  const shape = v.safeParse(
    v.object({
      model: v.looseObject({ vocab: v.union([v.array(v.unknown()), v.looseObject({})]) }),
      added_tokens: v.nullish(v.array(v.unknown()), []),
      normalizer: v.optional(v.unknown()),
      pre_tokenizer: v.optional(v.unknown()),
    }),
    json,
  );
  if (!shape.success) return 'no tokenizer that could be read';
  const { model, added_tokens: added, normalizer, pre_tokenizer: preTokenizer } = shape.output;
  const steps = stepNames(normalizer, preTokenizer);
  const kind = steps.includes('ByteLevel')
    ? ', byte-level'
    : model.byte_fallback === true
      ? ', byte fallback'
      : '';
  const tokens = Object.keys(model.vocab).length;
  return [
    `${(modelType(json) ?? 'BPE').slice(0, 40)}${kind}`,
    `${tokens.toLocaleString('en')} tokens`,
    ...(added.length > 0 ? [`${added.length.toLocaleString('en')} added`] : []),
    ...steps.slice(0, 8).map((step) => step.slice(0, 40)),
  ].join(' · ');
}
