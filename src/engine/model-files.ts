import { GgufReader } from '../library/gguf.ts';
import { modelLayout, type WeightsChoice } from '../library/layouts.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import { openSharded } from '../library/sharded.ts';
import { fromGguf } from '../model/gguf/index.ts';
import type { TokenizerOptions } from '../model/tokenizer.ts';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import { type Files, readJson, readText } from './files.ts';

/** A model as its files give it, of whatever layout; nothing of it is on the GPU. */
export interface ModelFiles {
  /** In the terms of Hugging Face's `config.json`, not trusted. */
  config: unknown;
  weights: TensorReader;
  /** In the terms of `tokenizer.json` and `tokenizer_config.json`, not trusted. */
  tokenizer: { json: unknown; config: unknown };
  /** In the terms of `generation_config.json`, not trusted. */
  generation?: unknown;
  choice: WeightsChoice;
}

/** The way to open a model that needs only files which are here. @throws FacetError `not-found` saying what is missing */
export function chooseWeights(files: Files): WeightsChoice {
  const { choices, missing } = modelLayout(files.listing);
  const ready = choices.find((choice) => choice.files.every((path) => files.has(path)));
  if (ready) return ready;
  const wanted = choices[0]?.files.filter((path) => !files.has(path)) ?? [];
  throw new FacetError('not-found', `A model cannot be opened from ${files.title}.`, {
    hint:
      wanted.length > 0
        ? `${wanted.join(', ')} must be downloaded first.`
        : `It lacks ${missing.join(' It lacks ')}`,
  });
}

/**
 * Opens configuration, tokenizer and the header of the weights.
 * @throws FacetError `not-found` saying what is missing, `bad-file`, `unsupported`
 */
export async function openModelFiles(files: Files, choice: WeightsChoice): Promise<ModelFiles> {
  const named = (ending: string): string | undefined => choice.files.find((path) => path.endsWith(ending));
  const weightsPath = choice.files.at(-1)!;
  if (choice.kind === 'gguf') {
    const gguf = await GgufReader.open(weightsPath, await files.open(weightsPath));
    return { ...(await fromGguf(gguf)), choice };
  }
  const open = async (path: string): Promise<SafetensorsReader> =>
    SafetensorsReader.open(path, await files.open(path));
  const folder = weightsPath.slice(0, weightsPath.lastIndexOf('/') + 1);
  const index = named('.safetensors.index.json');
  const [tokenizerConfig, generationConfig] = ['tokenizer_config.json', 'generation_config.json'].map(named);
  const chatTemplate = named('chat_template.jinja');
  // Asked for together: each may be a download.
  const [config, weights, json, ofTokenizer, generation, chat_template] = await Promise.all([
    readJson(files, named('config.json')!),
    index === undefined
      ? open(weightsPath)
      : readJson(files, index).then((list) => openSharded(list, (shard) => open(folder + shard))),
    readJson(files, named('tokenizer.json')!),
    tokenizerConfig === undefined ? {} : readJson(files, tokenizerConfig),
    generationConfig === undefined ? undefined : readJson(files, generationConfig),
    chatTemplate === undefined ? undefined : readText(files, chatTemplate),
  ]);
  // A file of its own goes before the template in the configuration, as in transformers.
  const configOfTokenizer = chat_template === undefined ? ofTokenizer : { ...ofTokenizer, chat_template };
  return { config, weights, tokenizer: { json, config: configOfTokenizer }, generation, choice };
}

/** What a model's configuration, and that of its generation if there is one, say to its tokenizer. */
export function tokenizerOptions(config: unknown, generation?: unknown): TokenizerOptions {
  const { model_type: family, bos_token_id: bos, eos_token_id: eos } = config as Record<string, unknown>;
  const { eos_token_id: ends } = (generation ?? {}) as Record<string, unknown>;
  const all = (id: unknown): number[] =>
    [id].flat().filter((one): one is number => typeof one === 'number' && Number.isInteger(one) && one >= 0);
  return {
    family: typeof family === 'string' ? family : undefined,
    bosTokenId: all(bos)[0],
    eosTokenId: all(eos)[0],
    endTokenIds: [...all(eos), ...all(ends)],
  };
}

/** Files that hold weights, whose digest stands for the model. */
export function weightFiles({ files }: WeightsChoice): string[] {
  return files.filter((path) => /\.(safetensors|gguf)$/.test(path));
}

/** Longest text read at once, whatever context a model was made for: attention and activations grow with it. */
const MOST_POSITIONS = 1024;

/** Tokens of a model's context that one reading takes. */
export function windowOf(nCtx: number): number {
  return Math.min(nCtx, MOST_POSITIONS);
}
