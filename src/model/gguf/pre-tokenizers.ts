/** How a byte-level vocabulary cuts text before its merges apply, in the terms of `tokenizer.json`. */
export interface PreTokenizer {
  /** Values of `tokenizer.ggml.pre`. */
  ids: readonly string[];
  normalizer: object | null;
  pre_tokenizer: object;
  /** Words that are in the vocabulary are not built from merges. */
  ignoreMerges: boolean;
  /** Whether text begins with BOS when the file does not say. */
  addBos: boolean;
}

const byteLevel = (useRegex: boolean): object => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});

const sequence = (...pretokenizers: object[]): object => ({ type: 'Sequence', pretokenizers });

/** Words, runs of at most so many digits, punctuation, line breaks and spaces apart. */
const words = (digits: string): object => ({
  type: 'Split',
  pattern: {
    Regex:
      `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}` +
      `| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  },
  behavior: 'Isolated',
  invert: false,
});

/**
 * The ones that vocabularies of the supported families use; others are refused by name.
 * @source the `tokenizer.json` of openai-community/gpt2, EleutherAI/gpt-neox-20b, HuggingFaceTB/SmolLM2-135M,
 *   meta-llama/Llama-3.2-1B and Qwen/Qwen2.5-0.5B; ids and BOS from llama.cpp `llama-vocab.cpp`
 */
export const preTokenizers: readonly PreTokenizer[] = [
  { ids: ['gpt-2'], normalizer: null, pre_tokenizer: byteLevel(true), ignoreMerges: false, addBos: false },
  {
    ids: ['olmo', 'mpt'],
    normalizer: { type: 'NFC' },
    pre_tokenizer: byteLevel(true),
    ignoreMerges: false,
    addBos: false,
  },
  {
    ids: ['smollm', 'starcoder'],
    normalizer: null,
    pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)),
    ignoreMerges: false,
    addBos: false,
  },
  {
    ids: ['llama-bpe', 'llama3', 'llama-v3'],
    normalizer: null,
    pre_tokenizer: sequence(words('\\p{N}{1,3}'), byteLevel(false)),
    ignoreMerges: true,
    addBos: true,
  },
  {
    ids: ['qwen2'],
    normalizer: { type: 'NFC' },
    pre_tokenizer: sequence(words('\\p{N}'), byteLevel(false)),
    ignoreMerges: false,
    addBos: false,
  },
];
