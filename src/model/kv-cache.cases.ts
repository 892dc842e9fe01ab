import type { Gpu } from '../gpu/gpu.ts';
import { scaleColumns } from '../gpu/kernels/scale_columns.ts';
import { bundledModel } from '../testing/bundled.ts';
import { gpuCases } from '../testing/cases.ts';
import { difference, expectClose, expectEqual } from '../testing/close.ts';
import { familyConfig, familyGolden, familyNames, familyTensors } from '../testing/family-goldens.ts';
import { FacetError } from '../shared/errors.ts';
import { allHooks } from './hooks.ts';
import { type HeldAttention, keepHeld, type KvCache, releaseHeld } from './kv-cache.ts';
import type { Edit, RunPlan } from './run-plan.ts';
import { Transformer } from './transformer.ts';

const load = async (gpu: Gpu, name: string): Promise<Transformer> =>
  Transformer.load(gpu, familyConfig(name), await familyTensors(name));

async function run(model: Transformer, plan: RunPlan): Promise<Float32Array> {
  await plan.cache?.reserve(plan.cache.length + plan.ids.length);
  const batch = model.gpu.batch('test');
  const { logits } = model.record(batch, plan);
  return (await batch.submit([logits!])).arrays[0] as Float32Array;
}

const argmax = (row: Float32Array): number =>
  row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);

/** Reads `ids` in pieces, one batch each, and holds every piece's logits against those of one whole pass. */
async function compareChunks(
  model: Transformer,
  {
    ids,
    sizes,
    expected,
  }: { ids: Uint32Array<ArrayBuffer>; sizes: readonly number[]; expected: Float32Array },
  what: string,
): Promise<void> {
  using cache = model.cache();
  const width = model.config.dVocab;
  let at = 0;
  for (const size of sizes) {
    const logits = await run(model, { ids: ids.slice(at, at + size), logits: 'all', cache });
    expectClose(logits, expected.subarray(at * width, (at + size) * width), { absolute: 1e-4 }, what);
    for (let t = 0; t < size; t++) {
      const row = argmax(logits.subarray(t * width, (t + 1) * width));
      const wanted = argmax(expected.subarray((at + t) * width, (at + t + 1) * width));
      if (row !== wanted) throw new Error(`${what}: likeliest after ${at + t} is ${row}, not ${wanted}`);
    }
    at += size;
  }
  if (at !== ids.length || cache.length !== at) throw new Error(`${what}: read ${at} of ${ids.length}`);
}

/** Other factors for other columns, so that no norm undoes it. */
const uneven: Edit = (batch, x) => {
  const gains = new Float32Array(x.shape[1]!).map((_, i) => (i % 3) - 0.5);
  const gain = batch.input(gains, [gains.length]);
  return scaleColumns(batch, { x, gain, centre: false });
};

/** z = pattern · v, query heads in groups over value heads. */
function weighted(
  pattern: Float32Array,
  v: Float32Array,
  { nHeads, nKvHeads, dHead }: Transformer['config'],
  nQueries: number,
): Float64Array {
  const nKeys = pattern.length / nHeads / nQueries;
  const group = nHeads / nKvHeads;
  return Float64Array.from({ length: nQueries * nHeads * dHead }, (_, i) => {
    const t = Math.floor(i / (nHeads * dHead));
    const head = Math.floor(i / dHead) % nHeads;
    let sum = 0;
    for (let s = 0; s < nKeys; s++) {
      const value = v[(s * nKvHeads + Math.floor(head / group)) * dHead + (i % dHead)]!;
      sum += pattern[(head * nQueries + t) * nKeys + s]! * value;
    }
    return sum;
  });
}

async function expectBug(work: () => unknown, part: RegExp): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof FacetError && part.test(thrown.message)) return;
    throw thrown;
  }
  throw new Error(`nothing was said about ${part}`);
}

export const cases = gpuCases('cache', {
  'every family: token by token, in ragged pieces, and a prompt with steps': async (gpu) => {
    for (const name of familyNames) {
      using model = await load(gpu, name);
      const ids = Uint32Array.from((await familyGolden(name)).ids['24']!);
      const expected = await run(model, { ids, logits: 'all' });
      for (const sizes of [ids.length, 1, 0].map((way) =>
        way === 1
          ? Array<number>(24).fill(1)
          : way === 0
            ? [5, 1, 11, 2, 5]
            : [17, ...Array<number>(7).fill(1)],
      ))
        await compareChunks(model, { ids, sizes, expected }, `${name} by ${sizes.join(', ')}`);
    }
  },
  'every hook of a piece is the whole pass’s, patterns with earlier keys': async (gpu) => {
    for (const name of ['gpt_neo', 'gpt_neox', 'llama', 'gemma2', 'qwen3']) {
      using model = await load(gpu, name);
      const { config } = model;
      const ids = Uint32Array.from((await familyGolden(name)).ids['24']!);
      const captures = allHooks(config);
      const read = async (plan: RunPlan): Promise<Map<string, Float32Array>> => {
        const batch = gpu.batch('test');
        const made = model.record(batch, { ...plan, captures });
        const { arrays } = await batch.submit(captures.map((hook) => made.captures.get(hook)!));
        return new Map(captures.map((hook, i) => [hook, arrays[i] as Float32Array]));
      };
      using cache = model.cache();
      await cache.reserve(24);
      const whole = await read({ ids });
      await read({ ids: ids.slice(0, 13), cache });
      const piece = await read({ ids: ids.slice(13), cache });
      for (const hook of captures) {
        const all = whole.get(hook)!;
        const square = /pattern|scores/.test(hook);
        const rows = Array.from({ length: square ? config.nHeads : 1 }, (_, h) =>
          all.subarray(
            square ? (h * 24 + 13) * 24 : (all.length / 24) * 13,
            square ? (h + 1) * 576 : all.length,
          ),
        );
        const expected = Float32Array.from(rows.flatMap((row) => [...row]));
        const finite = (values: Float32Array): Float32Array => values.map((x) => (x < -1e30 ? -1e4 : x));
        expectClose(finite(piece.get(hook)!), finite(expected), { absolute: 1e-4 }, `${name}: ${hook}`);
      }
    }
  },
  'several passes in one batch; room grows and keeps what is there; cut and read again': async (gpu) => {
    using model = await bundledModel(gpu);
    const ids = Uint32Array.from({ length: 150 }, (_, i) => (i * 37 + 11) % 3072);
    const expected = (await run(model, { ids, logits: 'all' })).slice(-3072);
    using cache = model.cache();
    await run(model, { ids: ids.slice(0, 20), logits: 'last', cache });
    const rooms = [cache.capacity];
    await run(model, { ids: ids.slice(20, 100), logits: 'last', cache });
    await cache.reserve(150);
    rooms.push(cache.capacity);
    expectEqual(rooms, [64, 256], 'room');
    const batch = gpu.batch('test');
    model.record(batch, { ids: ids.slice(100, 120), cache });
    model.record(batch, { ids: ids.slice(120, 149), captures: ['blocks.0.hook_resid_pre'], cache });
    const { logits } = model.record(batch, { ids: ids.slice(149), logits: 'last', cache });
    expectClose((await batch.submit([logits!])).arrays[0]!, expected, { absolute: 1e-4 }, 'grown');
    // What was read after the cut must not be seen.
    cache.truncate(90);
    await run(model, { ids: ids.slice(0, 60), logits: 'last', cache });
    cache.truncate(90);
    const again = await run(model, { ids: ids.slice(90), logits: 'last', cache });
    expectClose(again, expected, { absolute: 1e-4 }, 'cut and read again');
    await expectBug(() => cache.reserve(257), /257 tokens do not fit/);
    await expectBug(() => cache.truncate(151), /cannot cut/);
  },
  'a pass that is refused or discarded leaves earlier rows as they were': async (gpu) => {
    using model = await load(gpu, 'qwen3');
    const ids = Uint32Array.from((await familyGolden('qwen3')).ids['24']!);
    const expected = (await run(model, { ids, logits: 'all' })).slice(-61);
    using cache = model.cache();
    await run(model, { ids: ids.slice(0, 10), logits: 'last', cache });
    await cache.reserve(40);
    const refused = gpu.batch('test');
    const broken = (): Edit => () => {
      throw new FacetError('bug', 'on purpose');
    };
    const edits = new Map([['blocks.1.hook_mlp_out', broken()]]);
    const fails = (plan: RunPlan, part: RegExp) => expectBug(() => model.record(refused, plan), part);
    await fails({ ids: ids.slice(10), edits, cache, logits: 'last' }, /on purpose/);
    await fails({ ids: new Uint32Array(31), cache }, /41 tokens do not fit/);
    await fails({ ids: Uint32Array.of(61), cache }, /outside the vocabulary/);
    const mask = {
      blockSize: 16,
      perHead: false,
      offsets: Uint32Array.of(0, 0),
      entries: new Uint32Array(0),
    };
    await fails({ ids, cache, masks: new Map([[0, { ...mask, window: 0, sinks: 0 }]]) }, /masks/);
    using residual = gpu.tensor([24, 24]);
    await fails({ ids, cache, resume: { layer: 1, residual } }, /from layer 0 cannot/);
    using upper = model.cache(1);
    await fails({ ids, cache: upper }, /from layer 1 cannot/);
    await fails({ ids, cache: upper, resume: { layer: 1, residual } }, /room for 0 rows/);
    refused.discard();
    if (cache.length !== 10) throw new Error(`a refused pass left ${cache.length} rows`);
    const discarded = gpu.batch('test');
    model.record(discarded, { ids: ids.slice(0, 4), cache });
    discarded.discard();
    cache.truncate(10);
    const logits = await run(model, { ids: ids.slice(10), logits: 'last', cache });
    expectClose(logits, expected, { absolute: 1e-4 }, 'after failures');
  },
  'a cache from a layer on, for passes that resume there': async (gpu) => {
    for (const name of ['gemma3', 'gpt_neox']) {
      using model = await load(gpu, name);
      const ids = Uint32Array.from((await familyGolden(name)).ids['24']!);
      const edits = new Map([['blocks.1.attn.hook_in', uneven]]);
      const expected = await run(model, { ids, logits: 'all', edits });
      using base = model.cache();
      using upper = model.cache(1);
      for (const [from, to] of [
        [0, 7],
        [7, 8],
        [8, 24],
      ] as const) {
        await Promise.all([base.reserve(to), upper.reserve(to)]);
        const batch = gpu.batch('test');
        const captures = ['blocks.1.hook_resid_pre'];
        const first = model.record(batch, { ids: ids.slice(from, to), captures, cache: base });
        const resume = { layer: 1, residual: first.captures.get(captures[0]!)! };
        const plan = { ids: ids.slice(from, to), resume, cache: upper, edits, logits: 'all' } as const;
        const { logits } = model.record(batch, plan);
        const ours = (await batch.submit([logits!])).arrays[0]!;
        expectClose(ours, expected.subarray(from * 61, to * 61), { absolute: 1e-4 }, `${name} from ${from}`);
      }
    }
  },
  'held attention: the pattern of another pass, own values': async (gpu) => {
    for (const name of familyNames) {
      using model = await load(gpu, name);
      const ids = Uint32Array.from((await familyGolden(name)).ids['24']!);
      const edits = new Map([['hook_embed', uneven]]);
      const captures = [0, 1].flatMap((layer) =>
        ['pattern', 'attn_scores', 'v', 'z'].map((hook) => `blocks.${layer}.attn.hook_${hook}`),
      );
      for (const pieces of [[24], [9, 1, 14]]) {
        const caches: KvCache[] = [model.cache(), model.cache()];
        const cached = pieces.length > 1;
        const values = ['', ''];
        let earlier: Float32Array[] = [];
        let at = 0;
        for (const size of pieces) {
          const piece = ids.slice(at, (at += size));
          const [baseCache, ownCache] = cached ? caches : [];
          await baseCache?.reserve(at);
          await ownCache?.reserve(at);
          const batch = gpu.batch('test');
          const keepAttention: HeldAttention = { layers: new Map() };
          const common = { ids: piece, captures };
          const base = model.record(batch, { ...common, keepAttention, cache: baseCache });
          const own = { ...common, edits, cache: ownCache };
          const held = model.record(batch, { ...own, holdAttention: keepAttention, logits: 'all' });
          releaseHeld(batch, keepAttention);
          const free = model.record(batch, { ids: piece, captures, edits });
          const read = [base, held, free].flatMap((each) => captures.map((hook) => each.captures.get(hook)!));
          const arrays = (await batch.submit(read)).arrays as Float32Array[];
          const of = (pass: number, layer: number, hook: number): Float32Array =>
            arrays[pass * captures.length + layer * 4 + hook]!;
          const next: Float32Array[] = [];
          for (const layer of values.keys()) {
            const what = `${name}, layer ${layer}, ${at} rows of ${pieces.join(', ')}`;
            for (const hook of [0, 1]) expectEqual(of(1, layer, hook), of(0, layer, hook), what);
            const v = Float32Array.from([...(earlier[layer] ?? []), ...of(1, layer, 2)]);
            next.push(v);
            const z = weighted(of(1, layer, 0), v, model.config, size);
            expectClose(of(1, layer, 3), z, { absolute: 1e-5 }, `${what}: z`);
            if (difference(of(1, layer, 2), of(0, layer, 2)).maxAbsolute < 1e-3)
              throw new Error(`${what}: the edit does not reach v`);
            if (!cached && difference(of(2, layer, 0), of(0, layer, 0)).maxAbsolute < 1e-4)
              throw new Error(`${what}: the pattern would not have moved`);
          }
          earlier = next;
        }
        for (const cache of caches) cache[Symbol.dispose]();
      }
    }
  },
  'held attention beyond its batch, and from a layer on; another length is refused': async (gpu) => {
    using model = await load(gpu, 'llama');
    const ids = Uint32Array.from((await familyGolden('llama')).ids['24']!);
    const made: HeldAttention = { layers: new Map() };
    const pre = 'blocks.1.hook_resid_pre';
    const batch = gpu.batch('test');
    const base = model.record(batch, { ids, captures: [pre], keepAttention: made, logits: 'all' });
    using kept = keepHeld(batch, made);
    using residual = batch.keep(base.captures.get(pre)!);
    const expected = (await batch.submit([base.logits!])).arrays[0]!;
    // Takes what buffers the first batch gave back.
    await run(model, { ids: ids.toReversed(), logits: 'all' });
    const again = { ids, resume: { layer: 1, residual }, holdAttention: kept, logits: 'all' } as const;
    expectEqual(await run(model, again), expected, 'held without a change');
    const refused = gpu.batch('test');
    await expectBug(
      () => model.record(refused, { ids: ids.slice(1), holdAttention: kept, logits: 'last' }),
      /23 rows/,
    );
    await expectBug(
      () =>
        model.record(refused, {
          ids,
          logits: 'last',
          holdAttention: { layers: new Map([[1, kept.layers.get(1)!]]) },
        }),
      /layer 0/,
    );
    refused.discard();
  },
  'what holds attention takes the room of its queries and keys': async (gpu) => {
    for (const name of ['llama', 'qwen3']) {
      using model = await load(gpu, name);
      const ids = Uint32Array.from((await familyGolden(name)).ids['24']!);
      gpu.trim();
      const before = gpu.allocatedBytes;
      const made: HeldAttention = { layers: new Map() };
      const batch = gpu.batch('test');
      model.record(batch, { ids, keepAttention: made });
      using kept = keepHeld(batch, made);
      await batch.submit();
      gpu.trim();
      const held = new Set([...kept.layers.values()].flatMap(({ q, k }) => [q.tensor, k.tensor]));
      const bytes = [...held].reduce((sum, { buffer }) => sum + buffer.size, 0);
      expectEqual([gpu.allocatedBytes - before], [bytes], name);
    }
  },
});
