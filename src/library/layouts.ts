/** What a listing says about a model, by the names of its files alone. */
export interface ModelLayout {
  /** Ways to open it, best first. Empty when there is none. */
  choices: WeightsChoice[];
  /** What keeps it from being opened, or would be needed, each with a way on. */
  missing: string[];
}

export interface WeightsChoice {
  kind: 'safetensors' | 'gguf';
  /** In words, e.g. `safetensors in 3 files` or `GGUF Q4_K_M`. */
  title: string;
  /** All that opening reads, weights last; they lie in one folder. */
  files: string[];
  /** Their sizes together. */
  bytes: number;
}

interface Entry {
  path: string;
  bytes: number;
}

/** Beside the weights, and where they come from the Hugging Face layout. */
const NEEDED = ['config.json', 'tokenizer.json'];
const USEFUL = [
  'tokenizer_config.json',
  'chat_template.jinja',
  'special_tokens_map.json',
  'generation_config.json',
];
/** The largest of the useful ones is a tokenizer configuration with thousands of added tokens. */
const USEFUL_LIMIT = 20_000_000;
const SHARD = /^model-(\d{5})-of-(?!00000)(\d{5})\.safetensors$/;
const PICKLED = /\.(?:bin|pt|pth|ckpt)$/;

/** Run in the folder of the checkpoint; for one file or many. `weights_only` runs no code of the file. */
export const CONVERT_CHECKPOINT =
  'python -c "import glob, torch, safetensors.torch as s; ' +
  "s.save_file({k: v.clone().contiguous() for f in sorted(glob.glob('pytorch_model*.bin')) " +
  "for k, v in torch.load(f, map_location='cpu', weights_only=True).items()}, 'model.safetensors', {'format': 'pt'})\"";

/**
 * Which files opening a model needs: the Hugging Face layout, or one GGUF file, which holds everything.
 * @param folder only files right in it count; the others (`onnx/`, dictionaries …) are something else
 */
export function modelLayout(listing: readonly Entry[], folder = ''): ModelLayout {
  const prefix = folder ? `${folder}/` : '';
  const here = new Map(
    listing
      .filter(({ path }) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map(({ path, bytes }) => [path.slice(prefix.length), bytes]),
  );
  const choice = (kind: WeightsChoice['kind'], title: string, names: readonly string[]): WeightsChoice => ({
    kind,
    title,
    files: names.map((name) => prefix + name),
    bytes: names.reduce((sum, name) => sum + (here.get(name) ?? 0), 0),
  });
  const missing: string[] = [];
  const weights = safetensors(here, missing);
  const lacking = NEEDED.filter((name) => !here.has(name));
  const choices: WeightsChoice[] = [];
  if (weights && lacking.length === 0) {
    const useful = USEFUL.filter((name) => (here.get(name) ?? Infinity) <= USEFUL_LIMIT);
    choices.push(choice('safetensors', weights.title, [...NEEDED, ...useful, ...weights.names]));
  }
  for (const name of ggufs(here)) choices.push(choice('gguf', `GGUF ${quantisation(name)}`, [name]));
  if (choices.length > 0) return { choices, missing };

  if (!weights && missing.length === 0) missing.push(explainNoWeights(here));
  if (lacking.includes('config.json')) missing.push('config.json, which says what kind of model it is.');
  if (lacking.includes('tokenizer.json')) missing.push(explainNoTokenizer(here));
  return { choices, missing };
}

function safetensors(
  here: ReadonlyMap<string, number>,
  missing: string[],
): { title: string; names: string[] } | undefined {
  if (here.has('model.safetensors')) return { title: 'safetensors', names: ['model.safetensors'] };
  const shards = [...here.keys()].filter((name) => SHARD.test(name)).sort();
  const [first] = shards;
  if (first === undefined) {
    const named = [...here.keys()].filter((name) => name.endsWith('.safetensors'));
    if (named.length > 0 && here.has('config.json')) {
      missing.push(
        `model.safetensors; there is ${named.slice(0, 3).join(', ')}: rename it if that is the model.`,
      );
    }
    return undefined;
  }
  const count = Number(SHARD.exec(first)![2]);
  const expected = Array.from({ length: Math.min(count, 10_000) }, (_, i) => shardName(i + 1, count));
  const absent = expected.filter((name) => !here.has(name));
  const index = 'model.safetensors.index.json';
  if (!here.has(index)) absent.unshift(index);
  if (absent.length > 0) {
    const more = absent.length > 3 ? ` and ${absent.length - 3} more` : '';
    missing.push(
      `${absent.slice(0, 3).join(', ')}${more}: the weights are in ${count} files, which are needed together.`,
    );
    return undefined;
  }
  return { title: `safetensors in ${count} file${count === 1 ? '' : 's'}`, names: [index, ...expected] };
}

const shardName = (number: number, count: number): string =>
  `model-${String(number).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`;

/** Most exact first among those of a usual size: the quantisations are listed as they lose more. */
const ORDER = ['Q8_0', 'Q6_K', 'Q5_K_M', 'Q5_K_S', 'Q5_1', 'Q5_0', 'Q4_K_M', 'Q4_K_S', 'Q4_1', 'Q4_0'];

function ggufs(here: ReadonlyMap<string, number>): string[] {
  // Files in several parts, and what only goes along with a model, are no model of their own.
  const names = [...here.keys()].filter(
    (name) => /\.gguf$/i.test(name) && !/-of-\d{5}\.gguf$/i.test(name) && !/mmproj|imatrix/i.test(name),
  );
  const rank = (name: string): number => {
    const at = ORDER.indexOf(quantisation(name));
    return at < 0 ? ORDER.length : at;
  };
  return names.sort((a, b) => rank(a) - rank(b) || here.get(b)! - here.get(a)! || (a < b ? -1 : 1));
}

/** As the file is named: `smollm2-135m-q4_k_m.gguf` → `Q4_K_M`; its name when it says nothing. */
export function quantisation(name: string): string {
  const found = /(?:^|[-._])((?:I?Q\d(?:_[0-9KSMLXN]+)*)|BF16|F16|F32|FP16|FP32)(?=[-._]|$)/i.exec(
    name.replace(/\.gguf$/i, ''),
  );
  return found ? found[1]!.toUpperCase().replace('FP', 'F') : name;
}

function explainNoWeights(here: ReadonlyMap<string, number>): string {
  const pickled = [...here.keys()].filter((name) => PICKLED.test(name));
  if (pickled.some((name) => name.startsWith('pytorch_model')))
    return `model.safetensors. ${pickled[0]} could run code when it is read, so Facet does not; convert it: ${CONVERT_CHECKPOINT}`;
  if (pickled.length > 0)
    return `model.safetensors. ${pickled[0]} could run code when it is read, so Facet does not: save its tensors with safetensors.`;
  if ([...here.keys()].some((name) => /-of-\d{5}\.gguf$/i.test(name)))
    return 'a GGUF in one file; these parts can be joined with llama-gguf-split --merge.';
  return 'weights: model.safetensors, or a .gguf file.';
}

function explainNoTokenizer(here: ReadonlyMap<string, number>): string {
  const old = ['tokenizer.model', 'vocab.json', 'spiece.model'].find((name) => here.has(name));
  if (!old) return 'tokenizer.json, which turns text into tokens.';
  return `tokenizer.json; there is only ${old}: python -c "from transformers import AutoTokenizer as A; A.from_pretrained('.').save_pretrained('.')" makes it.`;
}
