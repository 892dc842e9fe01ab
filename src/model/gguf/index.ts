import { FacetError } from '../../shared/errors.ts';
import type { TensorReader } from '../../shared/tensor-file.ts';
import type { GgufArchitecture } from './architecture.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gpt2 } from './gpt2.ts';
import { gptneox } from './gptneox.ts';
import { llama } from './llama.ts';
import { type GgufFile, Metadata } from './metadata.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { RearrangedTensors, type Recipe } from './rearranged.ts';
import { tokenizerOf } from './tokenizer.ts';

/** Every architecture that is read from GGUF; adding one is a file here and a line in this list. */
export const architectures: readonly GgufArchitecture[] = [
  llama,
  qwen2,
  qwen3,
  gemma2,
  gemma3,
  gpt2,
  gptneox,
];

/** What the Hugging Face layout of the same model would hold. */
export interface HuggingFaceModel {
  /** Contents of `config.json`, as untrusted as the file it comes from. */
  config: unknown;
  /** Tensors under Hugging Face names, in Hugging Face order. */
  weights: TensorReader;
  tokenizer: {
    /** Contents of `tokenizer.json`. */
    json: unknown;
    /** Contents of `tokenizer_config.json`. */
    config: unknown;
  };
}

/**
 * Turns a GGUF file into what the Hugging Face layout would have given.
 * @throws FacetError `bad-file`, or `unsupported` naming the architecture, tensor, tokenizer or feature
 */
export async function fromGguf(file: GgufFile): Promise<HuggingFaceModel> {
  const about = new Metadata(file.metadata);
  const architecture = architectures.find(({ id }) => id === about.architecture);
  if (!architecture) {
    throw new FacetError(
      'unsupported',
      `GGUF models of the architecture "${about.architecture.slice(0, 80)}" are not supported.`,
      { hint: `Supported: ${architectures.map(({ id }) => id).join(', ')}.` },
    );
  }
  if (about.plainNumber('split.count', 0) > 1) {
    throw new FacetError('unsupported', 'This is one part of a GGUF model that was split.', {
      hint: 'Merge the parts with llama-gguf-split --merge first.',
    });
  }
  const recipes = new Map<string, Recipe>();
  for (const source of file.names()) {
    if (architecture.read?.includes(source)) continue;
    const { name, module } = placeOf(source, architecture);
    const { shape, dtype } = file.info(source)!;
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
      throw new FacetError('unsupported', `The tensor "${source}" is of type ${dtype}.`);
    recipes.set(name, { source, change: architecture.change?.(module, about, shape) });
  }
  const config = {
    ...(await architecture.config(about, file)),
    ...tokenIds(about),
  };
  return {
    config,
    weights: new RearrangedTensors(file, recipes),
    tokenizer: tokenizerOf(about, architecture.mergesByPlace ?? false),
  };
}

/** A tensor that is not known is refused, because leaving it out would change what the model computes. */
function placeOf(source: string, architecture: GgufArchitecture): { name: string; module: string } {
  const match = /^(?:blk\.(\d{1,6})\.)?(\w+)\.(weight|bias)$/.exec(source);
  const modules = match?.[1] === undefined ? architecture.outside : architecture.inBlock;
  const module = match?.[2] ?? '';
  if (!match || !Object.hasOwn(modules, module)) {
    throw new FacetError(
      'unsupported',
      `The tensor "${source.slice(0, 80)}" is not known to be part of ${architecture.id} models.`,
      { hint: "Use the model's safetensors." },
    );
  }
  const where = match[1] === undefined ? '' : architecture.block(Number(match[1]));
  return { name: `${where}${modules[module]}.${match[3]}`, module };
}

function tokenIds(about: Metadata): object {
  const id = (key: string): number | null => {
    const value = about.plainNumber(`tokenizer.ggml.${key}_token_id`, -1);
    return value < 0 ? null : value;
  };
  return { bos_token_id: id('bos'), eos_token_id: id('eos'), pad_token_id: id('padding') };
}
