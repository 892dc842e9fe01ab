import gemma2 from '../model/gguf/goldens/gemma2/model.gguf?url';
import gptneox from '../model/gguf/goldens/gptneox/model.gguf?url';
import llama from '../model/gguf/goldens/llama/model.gguf?url';
import qwen2 from '../model/gguf/goldens/qwen2/model.gguf?url';
import { headConstant } from '../model/head-constant.ts';
import { Transformer } from '../model/transformer.ts';
import { FacetError } from '../shared/errors.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose } from '../testing/close.ts';
import { TestRandom } from '../testing/random.ts';
import { safetensorsBytes } from '../testing/safetensors.ts';
import { Engine } from './engine.ts';
import { givenFiles } from './files.ts';
import { chooseWeights, openModelFiles } from './model-files.ts';
import type { Analysis, FileSet, Inspection } from './protocol.ts';

const MODELS = { gemma2, gptneox, llama, qwen2 };
const nothing = (): void => {};

function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [ours, theirs] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (ours !== theirs) throw new Error(`${what}: ${ours}, expected ${theirs}`);
}

let shared: Promise<Engine> | undefined;
const troubles: string[] = [];
function started(): Promise<Engine> {
  shared ??= (async () => {
    const engine = new Engine();
    await engine.connect(`${self.location.origin}/`, (trouble) => troubles.push(trouble.message));
    return engine;
  })();
  return shared;
}

async function modelSet(name: keyof typeof MODELS): Promise<FileSet> {
  const response = await fetch(new URL(MODELS[name], self.location.origin));
  return {
    id: `local:${'0'.repeat(16)}`,
    title: name,
    files: [{ path: 'model.gguf', blob: await response.blob() }],
  };
}

type Tensors = Record<string, { shape: number[]; values: Float32Array }>;

/** A SAELens dictionary in a folder of its own. */
function dictionarySet(config: object, tensors: Tensors, folder = ''): FileSet {
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + values.byteLength] };
    parts.push(new Uint8Array(values.buffer));
    at += values.byteLength;
  }
  const data = new Uint8Array(at);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  const file = (path: string, blob: Blob): FileSet['files'][number] => ({ path: folder + path, blob });
  return {
    id: 'local:1111111111111111',
    title: 'made here',
    files: [
      file('cfg.json', new Blob([JSON.stringify(config)])),
      file('sae_weights.safetensors', new Blob([safetensorsBytes(JSON.stringify(header), data)])),
    ],
  };
}

function made(dIn: number, dSae: number, dOut = dIn): Tensors {
  const random = new TestRandom(dSae);
  return {
    W_enc: { shape: [dIn, dSae], values: random.normal(dIn * dSae) },
    b_enc: { shape: [dSae], values: random.normal(dSae, 0.1) },
    W_dec: { shape: [dSae, dOut], values: random.normal(dSae * dOut) },
    b_dec: { shape: [dOut], values: random.normal(dOut, 0.1) },
  };
}

const about = (architecture: string, dIn: number, dSae: number, hook: string, more: object = {}): object => ({
  architecture,
  d_in: dIn,
  d_sae: dSae,
  apply_b_dec_to_input: false,
  normalize_activations: 'none',
  metadata: { sae_lens_version: '6.54.12', hook_name: hook, ...more },
});

/** ReLU features of one row, plainly. */
function plainly(x: Float32Array, { W_enc, b_enc }: Tensors, dSae: number): [number, number][] {
  const all = Array.from({ length: dSae }, (_, f): [number, number] => {
    let sum = b_enc!.values[f]!;
    x.forEach((value, i) => (sum += value * W_enc!.values[i * dSae + f]!));
    return [f, Math.max(0, sum)];
  });
  return all.filter(([, value]) => value > 0).sort(([a, p], [b, q]) => q - p || a - b);
}

function rowOf({ codes }: Analysis, row: number): [number, number][] {
  const [from, to] = [codes.offsets[row]!, codes.offsets[row + 1]!];
  return Array.from(codes.indices.subarray(from, to), (index, i) => [index, codes.values[from + i]!]);
}

async function refused(call: Promise<unknown>, code: string, words: RegExp): Promise<void> {
  const thrown = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  const said =
    thrown instanceof FacetError ? `${thrown.code}: ${thrown.message} ${thrown.hint ?? ''}` : String(thrown);
  if (!said.startsWith(code) || !words.test(said)) throw new Error(`expected ${code} ${words}, got ${said}`);
}

const widthOf = ({ model }: Inspection, hook: string): number =>
  model!.hooks.find(({ name }) => name === hook)!.width;

export const cases = gpuCases('files at hand', {
  'models of four families: what a text begins with, finite losses, and direct effects': async () => {
    const engine = await started();
    for (const [name, prefix] of [
      ['gemma2', 1],
      ['llama', 1],
      ['gptneox', 0],
      ['qwen2', 0],
    ] as const) {
      const opened = await engine.open({ model: await modelSet(name) }, 1, nothing);
      expectEqual(
        [opened.model.family, opened.dictionary ?? null, opened.dictionaries.length],
        [name === 'gptneox' ? 'gpt_neox' : name, null, 0],
        name,
      );
      const analysis = await engine.analyze({ text: 'Hello to you all', windowStart: 0 }, 2);
      expectEqual([analysis.prefix, analysis.tokens[0]!.special], [prefix, prefix === 1], `${name}: prefix`);
      expectEqual(analysis.tokens.length, analysis.prefix + analysis.windowTokens, `${name}: rows`);
      if (![...analysis.loss.subarray(1)].every((loss) => Number.isFinite(loss) && loss > 0))
        throw new Error(`${name}: ${analysis.loss.join()}`);
      if (prefix === 0)
        await refused(engine.analyze({ text: '', windowStart: 0 }, 3), 'bad-input', /at least one token/);
    }
  },
  'a ReLU dictionary on heads, one of a single head, and a transcoder: features as computed plainly':
    async () => {
      const engine = await started();
      const set = await modelSet('qwen2');
      const inspection = await engine.inspect(set, 4);
      const dSae = 70;
      for (const [hook, head, out] of [
        ['blocks.1.attn.hook_z', undefined, undefined],
        ['blocks.1.attn.hook_z', 2, undefined],
        ['blocks.1.ln2.hook_normalized', undefined, 'blocks.1.hook_mlp_out'],
        ['blocks.0.hook_resid_post', undefined, undefined],
      ] as const) {
        const full = widthOf(inspection, hook);
        const dIn = head === undefined ? full : inspection.model!.config!.dHead;
        const dOut = out ? widthOf(inspection, out) : dIn;
        const tensors = made(dIn, dSae, dOut);
        const config = about(out ? 'transcoder' : 'standard', dIn, dSae, hook, {
          hook_head_index: head,
          ...(out && { hook_name_out: out }),
        });
        const dictionary = dictionarySet(out ? { ...config, d_out: dOut } : config, tensors);
        const opened = await engine.open({ model: set, dictionary }, 5, nothing);
        expectEqual([opened.dictionary!.hook, opened.dictionary!.hookOut], [hook, out ?? hook], 'hooks');
        const text = 'Hello to you all and more';
        const analysis = await engine.analyze({ text, windowStart: 0, captures: [hook] }, 6);
        const x = analysis.captures[hook]!.data;
        for (let row = 0; row < analysis.tokens.length; row++) {
          const from = row * full + (head ?? 0) * dIn;
          const expected = plainly(x.subarray(from, from + dIn), tensors, dSae);
          const ours = rowOf(analysis, row);
          expectEqual(
            ours.map(([index]) => index).sort(),
            expected.map(([index]) => index).sort(),
            `${hook} ${head}: features of row ${row}`,
          );
          expectClose(
            ours.map(([, value]) => value),
            expected.map(([, value]) => value),
            { absolute: 1e-4, relative: 1e-4 },
            `${hook}: values`,
          );
        }
        // Random weights may leave nothing to recover; everything else is a number.
        const { ceRecovered: _, ...figures } = analysis.honesty!;
        if (!Object.values(figures).every(Number.isFinite))
          throw new Error(`${hook}: ${JSON.stringify(figures)}`);
        const card = await engine.feature(3, 7);
        expectEqual([card.promoted.length > 0, card.neighbours.length], [true, 16], `${hook}: card`);
      }
    },
  'an attention-output dictionary reads heads without their constant part': async (gpu) => {
    const engine = await started();
    const set = await modelSet('gptneox');
    const { config, weights } = await openModelFiles(givenFiles(set), chooseWeights(givenFiles(set)));
    using model = await Transformer.load(gpu, config, weights);
    const hook = 'blocks.1.attn.hook_z';
    const constant = await headConstant(model, hook);
    if (!constant.some((value) => Math.abs(value) > 1e-3)) throw new Error('the model has no constant');
    const [dIn, dSae] = [constant.length, 40];
    const tensors = made(dIn, dSae);
    const { files } = dictionarySet(
      { act_size: dIn, dict_size: dSae, act_name: hook, model_name: 'gptneox' },
      tensors,
    );
    const name = 'gptneox_L1_Hcat_z_v9';
    const renamed = files.map(({ blob }, i) => ({ path: name + ['_cfg.json', '.safetensors'][i]!, blob }));
    const dictionary = { id: 'local:2222222222222222', title: 'made here', files: renamed };
    await engine.open({ model: set, dictionary }, 20, nothing);
    const text = 'Hello to you all and more';
    const analysis = await engine.analyze({ text, windowStart: 0, captures: [hook] }, 21);
    const z = analysis.captures[hook]!.data;
    for (let row = 0; row < analysis.tokens.length; row++) {
      const x = z.slice(row * dIn, (row + 1) * dIn);
      const own = x.map((value, i) => value - constant[i]! - tensors.b_dec!.values[i]!);
      const [ours, expected] = [rowOf(analysis, row), plainly(own, tensors, dSae)];
      expectEqual(ours.map(([index]) => index).sort(), expected.map(([index]) => index).sort(), `row ${row}`);
      expectClose(
        ours.map(([, value]) => value),
        expected.map(([, value]) => value),
        { absolute: 1e-4, relative: 1e-4 },
      );
    }
  },
  'what does not fit is explained, and the model goes on without it': async () => {
    const engine = await started();
    const model = await modelSet('llama');
    await engine.open({ model }, 8, nothing);
    const on = (hook: string, dIn: number): FileSet =>
      dictionarySet(about('standard', dIn, 40, hook), made(dIn, 40));
    await refused(
      engine.useDictionary(on('blocks.9.hook_resid_pre', 32), 9, nothing),
      'mismatch',
      /layer 9; this model has 2 layers/,
    );
    await refused(
      engine.useDictionary(on('blocks.1.hook_resid_pre', 48), 9, nothing),
      'mismatch',
      /48 values per token .* has 32/,
    );
    const two = { ...on('blocks.1.hook_resid_pre', 32) };
    const both = {
      ...two,
      files: ['a/', 'b/'].flatMap(
        (folder) =>
          dictionarySet(about('standard', 32, 40, 'blocks.1.hook_resid_pre'), made(32, 40), folder).files,
      ),
    };
    await refused(engine.useDictionary(both, 9, nothing), 'bad-input', /holds 2 dictionaries.*a, b/);
    const chosen = await engine.useDictionary({ ...both, id: `${both.id}:b` }, 9, nothing);
    expectEqual(chosen.hook, 'blocks.1.hook_resid_pre', 'chosen by path');
    await engine.analyze({ text: 'Hello', windowStart: 0 }, 10);
  },
  'an inspection says what opening would take, with and without the weights at hand': async () => {
    const engine = await started();
    const model = await modelSet('gemma2');
    const { model: found, notes } = await engine.inspect(model, 11);
    expectEqual(
      [found!.family, found!.refusal ?? null, found!.config!.nLayers, notes.length],
      ['gemma2', null, 2, 0],
      'gemma2',
    );
    const opened = await engine.open({ model }, 12, nothing);
    expectEqual(found!.parameters, opened.model.parameters, 'parameters');
    if (!(found!.memory!.weights.f32 > 4 * opened.model.parameters * 0.99))
      throw new Error('memory of the weights');
    const absent: FileSet = {
      id: 'hf:a/b@0',
      title: 'a/b',
      files: [{ path: 'config.json', blob: new Blob(['{"model_type":"bert"}']) }],
      absent: [
        { path: 'model.safetensors', bytes: 10 },
        { path: 'tokenizer.json', bytes: 10 },
        { path: 'x/ae.pt', bytes: 10 },
      ],
    };
    const other = await engine.inspect(absent, 13);
    if (!/bert/.test(other.model!.refusal!.message)) throw new Error(JSON.stringify(other.model));
    if (!other.notes.some((note) => /ae\.pt.*python -c/s.test(note))) throw new Error(other.notes.join());
    await refused(engine.open({ model: absent }, 14, nothing), 'not-found', /model\.safetensors/);
    expectEqual(troubles, [], 'complaints of the device');
  },
});
