import { effects, markEffects } from '../../analysis/steering/effects.ts';
import { chooseAt, drawOf, nextDistribution } from '../../analysis/steering/sampling.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { add } from '../../gpu/kernels/add.ts';
import type { Edit } from '../../model/run-plan.ts';
import { toFloat32 } from '../../shared/dtype.ts';
import { keepsOf } from '../../shared/steering-effect.ts';
import { generate } from '../../storyworld/index.ts';
import { bundledDictionary, bundledModel, bundledTokenizer } from '../../testing/bundled.ts';
import { codeOf, withBundledSession } from '../../testing/bundled-session.ts';
import { bundledEngine } from '../../testing/bundled-engine.ts';
import { gpuCases } from '../../testing/cases.ts';
import { refusal } from '../../testing/refusal.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { openUrl } from '../../testing/family-goldens.ts';
import { sweepStrengths } from './sweep.ts';
import type { Asked, Progress, Sweep, SweepRequest } from '../protocol.ts';

const nothing = (): void => {};
const sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, seed: 3 };
const HOOK = 'blocks.2.hook_resid_pre';
const FEATURE = 1122;
const UNIT = 6;
const ITEMS = 2;
const SAMPLES = 2;
const TOKENS = 6;

const asked = (more: Partial<Asked> = {}): Asked =>
  ({
    kind: 'add',
    dictionary: HOOK,
    feature: FEATURE,
    strength: 1,
    unit: UNIT,
    scope: { kind: 'generated' },
    ...more,
  }) as Asked;
const request = (more: Partial<SweepRequest> = {}): SweepRequest => ({
  prompts: { kind: 'storyworld', seed: 31, items: ITEMS },
  interventions: [asked()],
  index: 0,
  strengths: [1, -1],
  sampling,
  tokens: TOKENS,
  samples: SAMPLES,
  ...more,
});

/** What a sweep says, made one text at a time, everything read anew at every token. */
async function byHand(gpu: Gpu, strengths: readonly (number | undefined)[]) {
  using model = await bundledModel(gpu);
  using dictionary = await bundledDictionary(gpu, HOOK);
  const tokenizer = await bundledTokenizer();
  const file = await openUrl(HOOK, `/dictionaries/storyworld-2m/${HOOK}/sae_weights.safetensors`);
  const width = model.config.dModel;
  const bytes = await file.read('W_dec', FEATURE * width, (FEATURE + 1) * width);
  const direction = toFloat32(bytes, file.info('W_dec')!.dtype);

  const last = async (ids: readonly number[], edit?: Edit): Promise<Float32Array> => {
    const batch = gpu.batch('by hand');
    const edits = new Map(edit ? [[HOOK, edit] as const] : []);
    const { logits } = model.record(batch, { ids: Uint32Array.from(ids), logits: 'last', edits });
    return (await batch.submit([logits!])).arrays[0] as Float32Array;
  };
  const read = async (ids: readonly number[], promptRows: number) => {
    const batch = gpu.batch('by hand');
    const run = model.record(batch, { ids: Uint32Array.from(ids), logits: 'all', captures: [HOOK] });
    const codes = dictionary.encode(batch, run.captures.get(HOOK)!);
    const { arrays } = await batch.submit([run.logits!, codes.indices, codes.values]);
    const [logits, indices, values] = arrays as [Float32Array, Uint32Array, Float32Array];
    let [loss, activation] = [0, 0];
    for (let row = promptRows; row < ids.length; row++) {
      const { dVocab } = model.config;
      const before = logits.subarray((row - 1) * dVocab, row * dVocab);
      loss += Math.log(before.reduce((sum, x) => sum + Math.exp(x), 0)) - before[ids[row]!]!;
      for (let i = row * dictionary.k; i < (row + 1) * dictionary.k; i++)
        if (indices[i] === FEATURE) activation += values[i]!;
    }
    return { loss, activation };
  };
  const points = [];
  for (const strength of strengths) {
    let [loss, activation] = [0, 0];
    const counts = effects.map(() => 0);
    for (let item = 0; item < ITEMS; item++) {
      const { tokens } = tokenizer.tokenize(generate(31, item).text);
      const prompt = [...tokenizer.prefix, ...tokens.slice(0, 2)].map(({ id }) => id);
      for (let sample = 0; sample < SAMPLES; sample++) {
        const seed = sampling.seed + item * SAMPLES + sample;
        const choose = (logits: Float32Array, step: number): number =>
          chooseAt(nextDistribution(logits, sampling, [], tokenizer.vocabSize), drawOf(seed, step));
        const ids = [...prompt];
        for (let step = 0; step < TOKENS; step++) {
          const edit: Edit = (batch, x) => {
            const added = new Float32Array(ids.length * width);
            for (let row = prompt.length; row < ids.length; row++)
              if (!tokenizer.isSpecial(ids[row]!))
                direction.forEach((value, i) => (added[row * width + i] = strength! * UNIT * value));
            return add(batch, { a: x, b: batch.input(added, [ids.length, width]) });
          };
          ids.push(choose(await last(ids, strength === undefined ? undefined : edit), step));
        }
        const own = await read(ids, prompt.length);
        loss += own.loss;
        activation += own.activation;
        markEffects(tokenizer, ids).forEach((has, effect) => {
          for (let row = prompt.length; row < ids.length; row++) counts[effect]! += has[row]!;
        });
      }
    }
    const tokens = ITEMS * SAMPLES * TOKENS;
    points.push({
      rates: counts.map((count) => count / tokens),
      loss: loss / tokens,
      activation: activation / tokens,
    });
  }
  return points;
}

function expectText(found: string, expected: string): void {
  if (found !== expected) throw new Error(`expected ${expected}, got ${found}`);
}

export const cases = gpuCases('a sweep of strengths', {
  'is what texts made one by one and counted by hand say': async (gpu) => {
    const engine = await bundledEngine();
    const progress: Progress[] = [];
    const sweep = await engine.steer.sweep(request(), 71, (each) => progress.push(each), nothing);
    const hand = await byHand(gpu, [undefined, 1, -1]);
    [sweep.base, ...sweep.points].forEach((point, i) => {
      expectEqual(point.rates, hand[i]!.rates, 'rates');
      expectClose([point.loss, point.activation], [hand[i]!.loss, hand[i]!.activation], { absolute: 1e-3 });
      expectEqual([point.texts, point.tokens, point.examples.length], [4, 24, 3], 'texts');
    });
    expectEqual(
      [sweep.base, ...sweep.points].map(({ strength }) => strength),
      [0, 1, -1],
      'strengths',
    );
    expectEqual(Object.values(sweep.keeps), Object.values(keepsOf(sweep)), 'keeps');
    expectEqual([progress.at(-1)!.done, progress.at(-1)!.total], [72, 72], 'progress');
  },
  'a strength of nothing is the base, text for text, and seeds are the same at every strength': async () => {
    const engine = await bundledEngine();
    const sweep = await engine.steer.sweep(request({ strengths: [0, 0] }), 72, nothing, nothing);
    for (const point of sweep.points) {
      expectEqual(point.rates, sweep.base.rates, 'rates');
      if (point.examples.join() !== sweep.base.examples.join()) throw new Error('another text');
    }
    if (new Set(sweep.base.examples).size < 2) throw new Error('all texts are the same');
  },
  'output that is no number is not counted': async () => {
    const engine = await bundledEngine();
    const target = { kind: 'hook', hook: HOOK } as const;
    const scaled: Asked = { kind: 'scale', target, factor: 1e6, scope: { kind: 'all' } };
    const interventions = [asked(), ...Array.from({ length: 8 }, () => scaled)];
    await refusal(() => engine.steer.sweep(request({ interventions }), 77, nothing, nothing), 'bad-input');
  },
  'what a sweep holds comes back when it is over, cancelled or fails': (gpu) =>
    withBundledSession(gpu, async (session, stop) => {
      const patched: Asked = {
        kind: 'patch',
        target: { kind: 'hook', hook: 'blocks.1.hook_attn_out' },
        text: 'Once upon a time',
        align: 'start',
        scope: { kind: 'prompt' },
      };
      const target = { kind: 'hook', hook: HOOK } as const;
      const scaled: Asked = { kind: 'scale', target, factor: 1e6, scope: { kind: 'all' } };
      const steps = [asked(), patched];
      const held = async (more: Partial<SweepRequest>, onProgress: () => void): Promise<string> => {
        const asks = request({ strengths: [1], interventions: steps, ...more });
        const code = await codeOf(sweepStrengths(session, asks, { onProgress, onPartial: nothing }));
        gpu.trim();
        return `${code}, ${gpu.allocatedBytes} bytes`;
      };
      const [, bytes] = (await held({}, nothing)).split(', ');
      const interventions = [...steps, ...Array.from({ length: 8 }, () => scaled)];
      expectText(await held({ interventions }, nothing), `bad-input, ${bytes}`);
      let made = 0;
      expectText(await held({}, () => void (made++ === 8 && stop())), `cancelled, ${bytes}`);
    }),
  'prompts of the visitor, a factor of a latent, and errors over texts': async () => {
    const engine = await bundledEngine();
    const target = { kind: 'latent', dictionary: HOOK, feature: FEATURE } as const;
    const scaled: Asked = { kind: 'scale', target, factor: 1, scope: { kind: 'text' } };
    const texts = ['Once upon a time', 'When Mary and John went to the store, John gave a'];
    const sweep: Sweep = await engine.steer.sweep(
      request({
        prompts: { kind: 'text', texts },
        interventions: [asked(), scaled],
        index: 1,
        strengths: [0.9, 2],
      }),
      73,
      nothing,
      nothing,
    );
    expectEqual([sweep.points[0]!.texts], [4], 'texts');
    const sides = ({ up = NaN, down = NaN }: Sweep['keeps']): number[] => [up, down];
    expectEqual(sides(sweep.keeps), sides(keepsOf(sweep, 1)), 'keeps');
    if (Number.isNaN(sweep.points[0]!.activation) || !sweep.base.errors.some((error) => error > 0))
      throw new Error('nothing was measured');
  },
  'what cannot be swept is refused, and a sweep can be cancelled': async () => {
    const engine = await bundledEngine();
    const wrong: Partial<SweepRequest>[] = [
      { index: 3 },
      { interventions: undefined },
      { interventions: [null as unknown as Asked] },
      { strengths: [NaN] },
      { interventions: [{ kind: 'scale' } as unknown as Asked] },
      { tokens: 0 },
      { tokens: 256 },
      { samples: 1e9 },
      { prompts: { kind: 'text', texts: [] } },
      { prompts: { kind: 'storyworld', seed: -1, items: 2 } },
      { interventions: [{ kind: 'splice', dictionary: HOOK, error: true, scope: { kind: 'text' } }] },
      { strengths: Array.from({ length: 33 }, () => 1) },
      { prompts: { kind: 'storyworld', seed: 1, items: 256 }, samples: 64, tokens: 100 },
    ];
    for (const more of wrong)
      await refusal(() => engine.steer.sweep(request(more), 74, nothing, nothing), 'bad-input');
    const partial: Sweep[] = [];
    // The last strength is looked at before the first text is made.
    const late = request({ strengths: [1, 1e9] });
    await refusal(() => engine.steer.sweep(late, 76, nothing, (sweep) => partial.push(sweep)), 'bad-input');
    expectEqual([partial.length], [0], 'partial results');
    await refusal(
      () =>
        engine.steer.sweep(
          request({ tokens: 100, samples: 8 }),
          75,
          () => void engine.cancel(75),
          (sweep) => partial.push(sweep),
        ),
      'cancelled',
    );
  },
});
