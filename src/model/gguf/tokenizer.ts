import { FacetError } from '../../shared/errors.ts';
import { mergesOf } from './merges.ts';
import type { Metadata } from './metadata.ts';
import { preTokenizers } from './pre-tokenizers.ts';

/** Values of `tokenizer.ggml.token_type`. */
const KIND = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 };

interface Vocabulary {
  tokens: readonly string[];
  kinds: ArrayLike<number>;
}

interface HuggingFaceTokenizer {
  json: object;
  config: object;
}

/**
 * `tokenizer.json` and `tokenizer_config.json` out of a GGUF file's metadata.
 * @param mergesByPlace see `GgufArchitecture`
 * @throws FacetError `bad-file`, or `unsupported` naming the tokenizer or its pre-tokenizer
 * @source llama.cpp `llama-vocab.cpp`; transformers `gguf_tokenizer_mapping.py`
 */
export function tokenizerOf(about: Metadata, mergesByPlace: boolean): HuggingFaceTokenizer {
  const model = about.text('tokenizer.ggml.model');
  if (model !== 'gpt2' && model !== 'llama') {
    throw new FacetError(
      'unsupported',
      `GGUF tokenizers of type "${model.slice(0, 40)}" are not supported.`,
      {
        hint: 'Supported are gpt2 (byte-level BPE) and llama (SentencePiece BPE).',
      },
    );
  }
  const tokens = about.texts('tokenizer.ggml.tokens');
  const kinds = about.numbers('tokenizer.ggml.token_type', tokens.length) ?? guessKinds(about, tokens.length);
  return model === 'gpt2'
    ? byteLevel(about, { tokens, kinds })
    : sentencePiece(about, { tokens, kinds }, mergesByPlace);
}

/** Without types, the tokens that have a role are control tokens. */
function guessKinds(about: Metadata, count: number): Uint8Array {
  const kinds = new Uint8Array(count).fill(KIND.normal);
  for (const key of ['bos', 'eos', 'unknown', 'padding']) {
    const id = about.plainNumber(`tokenizer.ggml.${key}_token_id`, -1);
    if (id >= 0 && id < count) kinds[id] = KIND.control;
  }
  return kinds;
}

function byteLevel(about: Metadata, vocabulary: Vocabulary): HuggingFaceTokenizer {
  const pre = about.text('tokenizer.ggml.pre', 'missing');
  const found = preTokenizers.find(({ ids }) => ids.includes(pre));
  if (!found) {
    throw new FacetError('unsupported', `The pre-tokenizer "${pre.slice(0, 40)}" is not supported.`, {
      hint: `Supported: ${preTokenizers.flatMap(({ ids }) => ids).join(', ')}. Use the model's safetensors.`,
    });
  }
  const { tokens, kinds } = vocabulary;
  return assemble(about, vocabulary, found.addBos, {
    normalizer: found.normalizer,
    pre_tokenizer: found.pre_tokenizer,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      unk_token: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: found.ignoreMerges,
      // Added tokens are written as they are, not in the byte alphabet, and so have no place among the others.
      vocab: vocabOf(tokens, (id) => kinds[id] === KIND.normal || kinds[id] === KIND.byte),
      merges: mergesIn(about),
    },
  });
}

/** Merges as the file lists them, two tokens with a space between. */
function mergesIn(about: Metadata): readonly string[] {
  const merges = about.texts('tokenizer.ggml.merges');
  const wrong = merges.find((merge) => merge.split(' ').length !== 2);
  if (wrong !== undefined)
    throw new FacetError('bad-file', `The merge "${wrong.slice(0, 40)}" is not two tokens.`);
  return merges;
}

function sentencePiece(
  about: Metadata,
  { tokens, kinds }: Vocabulary,
  mergesByPlace: boolean,
): HuggingFaceTokenizer {
  const scores = about.numbers('tokenizer.ggml.scores', tokens.length);
  if (about.flag('tokenizer.ggml.remove_extra_whitespaces', false))
    throw new FacetError('unsupported', 'Tokenizers that drop repeated spaces are not supported.');
  // The converter wrote spaces for the marks of user-defined pieces.
  const pieces = tokens.map((token, id) =>
    kinds[id] === KIND.userDefined ? token.replaceAll(' ', '▁') : token,
  );
  const isText = (id: number): boolean => kinds[id] === KIND.normal || kinds[id] === KIND.userDefined;
  // Files made without a SentencePiece model have the merges, and scores that say nothing.
  const merges = about.has('tokenizer.ggml.merges')
    ? mergesIn(about)
    : mergesOf(
        pieces.map((piece, id) => (isText(id) ? piece : undefined)),
        mergesByPlace || !scores ? Float64Array.from(tokens, (_, id) => -id) : scores,
      );
  const spaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const addsSpace = about.flag('tokenizer.ggml.add_space_prefix', true);
  const decoders: object[] = [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  if (addsSpace) decoders.push({ type: 'Strip', content: ' ', start: 1, stop: 0 });
  return assemble(about, { tokens: pieces, kinds }, true, {
    normalizer: addsSpace
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, spaces] }
      : spaces,
    pre_tokenizer: null,
    decoder: { type: 'Sequence', decoders },
    model: {
      type: 'BPE',
      unk_token: tokens[tokenId(about, 'unknown', tokens.length) ?? 0] ?? null,
      fuse_unk: true,
      byte_fallback: Array.prototype.includes.call(kinds, KIND.byte),
      ignore_merges: false,
      vocab: vocabOf(pieces, (id) => kinds[id] !== KIND.unused),
      merges,
    },
  });
}

/** @throws FacetError `bad-file` when two ids share a text, because one of them could never be told */
function vocabOf(tokens: readonly string[], isIn: (id: number) => boolean): Record<string, number> {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    if (token === '' || !isIn(id)) continue;
    if (ids.has(token)) {
      throw new FacetError(
        'bad-file',
        `The vocabulary has "${token.slice(0, 40)}" twice, as ${ids.get(token)} and ${id}.`,
      );
    }
    ids.set(token, id);
  }
  return Object.fromEntries(ids);
}

function tokenId(about: Metadata, key: string, count: number): number | undefined {
  const id = about.plainNumber(`tokenizer.ggml.${key}_token_id`, -1);
  return id >= 0 && id < count ? id : undefined;
}

/** Adds what both kinds have: the added tokens, the frame that BOS and EOS make, and their names. */
function assemble(
  about: Metadata,
  { tokens, kinds }: Vocabulary,
  addBos: boolean,
  parts: object,
): HuggingFaceTokenizer {
  const text = (key: string): string | null => {
    const id = tokenId(about, key, tokens.length);
    return id === undefined ? null : tokens[id]!;
  };
  const frame = {
    bos: about.flag('tokenizer.ggml.add_bos_token', addBos) ? text('bos') : null,
    eos: about.flag('tokenizer.ggml.add_eos_token', false) ? text('eos') : null,
  };
  const special = [KIND.control, KIND.unknown];
  const added = tokens.flatMap((content, id) =>
    content !== '' && (special.includes(kinds[id]!) || kinds[id] === KIND.userDefined)
      ? [
          {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: special.includes(kinds[id]!),
          },
        ]
      : [],
  );
  return {
    json: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      ...parts,
      post_processor: template(frame.bos, frame.eos, tokens),
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      bos_token: text('bos'),
      eos_token: text('eos'),
      unk_token: text('unknown'),
      pad_token: text('padding'),
      add_bos_token: frame.bos !== null,
      add_eos_token: frame.eos !== null,
      clean_up_tokenization_spaces: false,
      chat_template: about.has('tokenizer.chat_template') ? about.text('tokenizer.chat_template') : null,
    },
  };
}

function template(bos: string | null, eos: string | null, tokens: readonly string[]): object | null {
  const used = [bos, eos].filter((token) => token !== null);
  if (used.length === 0) return null;
  const mark = (token: string | null): object[] =>
    token === null ? [] : [{ SpecialToken: { id: token, type_id: 0 } }];
  const text = (id: string): object => ({ Sequence: { id, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [...mark(bos), text('A'), ...mark(eos)],
    pair: [...mark(bos), text('A'), ...mark(eos), ...mark(bos), text('B'), ...mark(eos)],
    special_tokens: Object.fromEntries(
      used.map((token) => [token, { id: token, ids: [tokens.indexOf(token)], tokens: [token] }]),
    ),
  };
}
