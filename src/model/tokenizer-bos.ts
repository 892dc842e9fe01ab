/**
 * Model families that read a text without a beginning-of-text token before it; all others read one.
 * @source transformer-lens 3.9, `default_prepend_bos`: loading_from_pretrained.py (False for GPTNeoX, Qwen2 and Qwen3, else
 * True), model_bridge/supported_architectures/*.py alike
 */
const WITHOUT_BOS = new Set(['gpt_neox', 'qwen2', 'qwen3']);

/** Families whose tokenizers have this token, by their class in transformers, where the files name none. */
const ENDOFTEXT = new Set(['gpt2', 'gpt_neo', 'gpt_neox']);

/** Whether models of a family, a `model_type` of config.json, are given the beginning-of-text token by default. */
export function prependsBos(family: string | undefined): boolean {
  return family === undefined || !WITHOUT_BOS.has(family);
}

/** Text of the beginning- and end-of-text token of a family where tokenizer_config.json is silent. */
export function customaryBos(family: string | undefined): string | undefined {
  return family !== undefined && ENDOFTEXT.has(family) ? '<|endoftext|>' : undefined;
}

/**
 * Texts of special tokens that end what a model says, whatever its files name: chat models end a turn with another token
 * than a text, and many files name one of both.
 * @source `eos_token_id` in generation_config.json of Qwen 2.5, Llama 3, Gemma 2, Phi 3 and SmolLM2 Instruct
 */
export const ENDS = new Set([
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<end_of_turn>',
  '<|end|>',
  '<|endoftext|>',
]);
