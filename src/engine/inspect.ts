import { type FoundDictionary, unreadable } from '../dictionary/find.ts';
import { modelLayout, type WeightsChoice } from '../library/layouts.ts';
import { describeModel } from '../model/describe.ts';
import { estimateMemory } from '../model/memory.ts';
import { describeTokenizer } from '../model/tokenizer-json.ts';
import { FacetError } from '../shared/errors.ts';
import { dictionariesOf, openDictionaryFiles, readRecord } from './dictionary-files.ts';
import { type Files, readJson, readOptionalJson } from './files.ts';
import { openModelFiles, windowOf } from './model-files.ts';
import type { DictionaryInspection, Inspection, MemoryEstimate, ModelInspection } from './protocol.ts';

/** Dictionaries whose files are read for their facts; of the rest a listing says enough. */
const MOST_READ = 200;

/** What is in a set of files and what opening it would take. @param largestBinding of the adapter, when there is one */
export async function inspectFiles(files: Files, largestBinding: number | undefined): Promise<Inspection> {
  const paths = files.listing.map(({ path }) => path);
  const found = dictionariesOf(files);
  const layout = modelLayout(files.listing);
  const dictionaries: DictionaryInspection[] = [];
  for (const [index, each] of found.entries()) {
    const sizes = sizesOf(files, each.files);
    const read = index < MOST_READ && each.files.every((path) => files.has(path));
    const facts = read ? await dictionaryFacts(files, each) : await configuredFacts(files, each.files[1]);
    dictionaries.push({ path: each.path, format: each.format, files: sizes, ...facts });
  }
  const model =
    layout.choices.length > 0 ? await inspectModel(files, layout.choices, largestBinding) : undefined;
  // A folder of dictionaries need not hold a model.
  const lacking =
    model || dictionaries.length > 0
      ? []
      : layout.missing.map((what) => `To open a model, this lacks ${what}`);
  const pickled = unreadable(paths).map(({ path, hint }) => `${path}: ${hint}`);
  return { id: files.id, model, dictionaries, notes: [...lacking, ...pickled] };
}

function sizesOf(files: Files, paths: readonly string[]): { path: string; bytes: number }[] {
  return files.listing.filter(({ path }) => paths.includes(path)).map(({ path, bytes }) => ({ path, bytes }));
}

async function dictionaryFacts(files: Files, found: FoundDictionary): Promise<Partial<DictionaryInspection>> {
  try {
    const record = await readRecord(await openDictionaryFiles(files, found), 'file');
    const { architecture, hook, hookOut, dIn, dSae, source } = record;
    return {
      architecture, hook, dIn, dSae, modelName: source.modelName,
      ...(hookOut !== hook && { hookOut }),
    }; // oxfmt-ignore
  } catch (thrown) {
    return { refusal: FacetError.from(thrown).toRecord() };
  }
}

/** Before the weights are here, the configuration says the most. Anything may be in it, so only plain values count. */
async function configuredFacts(
  files: Files,
  path: string | undefined,
): Promise<Partial<DictionaryInspection>> {
  if (path === undefined || !files.has(path)) return {};
  const json = await readJson(files, path).catch(() => undefined);
  const all = [json, (json as { metadata?: unknown } | undefined)?.metadata].filter(
    (part): part is Record<string, unknown> => typeof part === 'object' && part !== null,
  );
  const values = (...keys: string[]): unknown[] => all.flatMap((part) => keys.map((key) => part[key]));
  const word = (...keys: string[]): string | undefined =>
    values(...keys).find((value) => typeof value === 'string');
  const size = (...keys: string[]): number | undefined =>
    values(...keys).find((value) => typeof value === 'number');
  return {
    architecture: word('architecture', 'activation'),
    hook: word('hook_name', 'hook_point'),
    dIn: size('d_in'),
    dSae: size('d_sae', 'num_latents'),
    modelName: word('model_name'),
  };
}

async function inspectModel(
  files: Files,
  choices: readonly WeightsChoice[],
  largestBinding: number | undefined,
): Promise<ModelInspection> {
  const choice = choices.find((each) => each.files.every((path) => files.has(path))) ?? choices[0]!;
  const about: ModelInspection = {
    family: '',
    hooks: [],
    files: sizesOf(files, choice.files),
    weights: choice.title,
    tokenizer: '',
  };
  try {
    const complete = choice.files.every((path) => files.has(path));
    // Without the weights, configuration and tokenizer still say nearly everything; a GGUF holds both.
    const opened = complete ? await openModelFiles(files, choice) : undefined;
    if (!opened && choice.kind === 'gguf') return about;
    const named = (ending: string): string => choice.files.find((path) => path.endsWith(ending))!;
    const config = opened?.config ?? (await readJson(files, named('config.json')));
    const type = (config as { model_type?: unknown } | null)?.model_type;
    if (typeof type === 'string') about.family = type.slice(0, 80);
    // Some are tens of megabytes, and come with the weights.
    const tokenizer = opened?.tokenizer.json ?? (await readOptionalJson(files, named('tokenizer.json')));
    about.tokenizer = tokenizer === undefined ? 'not downloaded yet' : describeTokenizer(tokenizer);
    const described = describeModel(config);
    const { nLayers, nHeads, nKvHeads, dHead, dModel, dMlp, dVocab, nCtx } = described.config;
    about.config = { nLayers, nHeads, nKvHeads, dHead, dModel, dMlp, dVocab, nCtx };
    about.parameters = described.parameters;
    about.hooks = described.hooks;
    const memory = estimateMemory(described, {
      contextWindow: windowOf(nCtx),
      dtypes: (tensor) => opened?.weights.info(tensor)?.dtype,
    });
    about.memory = withProblem({ ...memory, largestBinding: largestBinding ?? 0 });
  } catch (thrown) {
    about.refusal = FacetError.from(thrown).toRecord();
  }
  return about;
}

/** Matrices above the binding limit are split by rows; what cannot be split is a row. */
function withProblem(memory: MemoryEstimate): MemoryEstimate {
  // 4 GiB is what 32-bit addresses of shaders reach; browsers rarely give a page more than twice that on any card.
  const most = 2 ** 33;
  if (memory.weights.f16 <= most) return memory;
  const gibibytes = (memory.weights.f16 / 2 ** 30).toFixed(1);
  return {
    ...memory,
    problem: `Even packed as f16 the weights take ${gibibytes} GiB, more than a page can hold.`,
  };
}
