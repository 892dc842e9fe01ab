import type { Gpu } from '../../gpu/gpu.ts';
import { add } from '../../gpu/kernels/add.ts';
import type { HeldAttention } from '../../model/kv-cache.ts';
import { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { sample } from '../../storyworld/index.ts';
import { bundledModel, bundledTokenizer } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { familyConfig, familyTensors } from '../../testing/family-goldens.ts';
import { TestRandom } from '../../testing/random.ts';
import { droppedRows } from './context.ts';
import { type GeneratedStep, Generation, type GenerationSetup } from './generation.ts';
import { chooseAt, drawOf, nextDistribution, type Sampling } from './sampling.ts';
import type { PassRows, Steering } from './steering.ts';

const plain: Sampling = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1, seed: 0 };

/** Adds a direction to generated tokens at an activation, more to even rows than to odd ones. */
class Push implements Steering {
  readonly atEmbedding: boolean;
  readonly asked: PassRows[] = [];
  /** Passes that are to be said to have had too little room. */
  tooSmall = 0;
  refuses = false;
  readonly #direction: Float32Array;

  constructor(
    readonly hook: string,
    readonly firstLayer: number,
    private readonly width: number,
    strength = 3,
  ) {
    this.atEmbedding = hook === 'hook_embed';
    this.#direction = new TestRandom(3).normal(width).map((value) => strength * value);
  }

  edits(rows: PassRows): ReturnType<Steering['edits']> {
    if (this.refuses) throw new FacetError('bad-input', 'on purpose');
    this.asked.push(rows);
    const pushed = new Float32Array(rows.rows.length * this.width);
    rows.rows.forEach((row, t) => {
      if (rows.special[t] || row < rows.promptRows) return;
      const factor = row % 2 === 0 ? 1 : 0.5;
      pushed.set(
        this.#direction.map((value) => factor * value),
        t * this.width,
      );
    });
    return {
      edits: new Map([
        [
          this.hook,
          (batch, x) => add(batch, { a: x, b: batch.input(pushed, [rows.rows.length, this.width]) }),
        ],
      ]),
      reads: () => [],
      settle: () => this.tooSmall-- <= 0,
    };
  }

  [Symbol.dispose](): void {}
}

async function generate(setup: GenerationSetup, tokens: number): Promise<GeneratedStep[]> {
  using generation = new Generation(setup);
  const streamed: GeneratedStep[] = [];
  while (generation.steps.length < tokens + (setup.after?.length ?? 0))
    streamed.push(...(await generation.next()));
  expectEqual(
    streamed.map(({ id }) => id),
    generation.steps.slice(setup.after?.length ?? 0).map(({ id }) => id),
    'streamed',
  );
  return generation.steps;
}

/** f64 log-probabilities of the token after each row. */
function logSoftmax(row: Float32Array): Float64Array {
  const highest = row.reduce((most, value) => Math.max(most, value), -Infinity);
  const sum = row.reduce((total, value) => total + Math.exp(value - highest), 0);
  return Float64Array.from(row, (value) => value - highest - Math.log(sum));
}

/**
 * Holds every step against passes over whole windows, without caches and without `Generation`: a window is read once for
 * all rows that have it, which gives what a pass for each token would, because rows see only those before them. That each
 * token is the one chosen from those logits, the tokens before being the same, is that cached and uncached generation
 * agree token for token.
 */
async function holdAgainstWindows(setup: GenerationSetup, steps: readonly GeneratedStep[]): Promise<number> {
  const { model, prompt, steering, sampling, context } = setup;
  const { dVocab } = model.config;
  const ids = [...Array.from(prompt.ids), ...steps.map(({ id }) => id)];
  const special = [...prompt.special, ...steps.map(({ id }) => setup.isSpecial(id))];
  const promptRows = prompt.ids.length;
  const dropped = (total: number): number => droppedRows(total, { prefix: prompt.prefix, context });
  let windows = 0;
  for (let i = 0; i < steps.length;) {
    const gone = dropped(promptRows + i);
    let after = i;
    while (after < steps.length && dropped(promptRows + after) === gone) after++;
    const rows = Array.from({ length: promptRows + after - 1 }, (_, row) => row).filter(
      (row) => row < prompt.prefix || row >= prompt.prefix + gone,
    );
    const batch = model.gpu.batch('window');
    const plan = { ids: Uint32Array.from(rows, (row) => ids[row]!), logits: 'all' } as const;
    const held: HeldAttention | undefined = setup.frozen ? { layers: new Map() } : undefined;
    const base = model.record(batch, { ...plan, keepAttention: held });
    const edits = steering?.edits({ rows, special: rows.map((row) => special[row]!), promptRows }).edits;
    const arm = steering ? model.record(batch, { ...plan, edits, holdAttention: held }) : base;
    const { arrays } = await batch.submit([base.logits!, arm.logits!]);
    for (; i < after; i++) {
      const row = promptRows + i - 1 - gone;
      const [ofBase, ofArm] = arrays.map(
        (all) => all.subarray(row * dVocab, (row + 1) * dVocab) as Float32Array,
      );
      const seen = ids.slice(0, promptRows + i);
      const chosen = chooseAt(
        nextDistribution(ofArm!, sampling, seen, setup.vocabSize),
        drawOf(sampling.seed, i),
      );
      const step = steps[i]!;
      if (step.id !== chosen)
        throw new Error(`token ${i} of seed ${sampling.seed} is ${step.id}, not ${chosen}`);
      const [p, q] = [logSoftmax(ofBase!), logSoftmax(ofArm!)];
      const kl = p.reduce((sum, log, id) => sum + Math.exp(log) * (log - q[id]!), 0);
      const expected = [q[step.id]!, -p[step.id]!, kl];
      expectClose([step.logProb, step.baseLoss, step.kl], expected, { absolute: 1e-3 }, `token ${i}`);
    }
    windows += 1;
  }
  return windows;
}

const STORIES = sample(5, 40, {})
  .map(({ text }) => text)
  .join('\n');

interface Bundled extends Disposable {
  given: Omit<GenerationSetup, 'prompt'>;
  /** The first tokens of some stories. */
  text: (rows: number) => GenerationSetup['prompt'];
}

async function bundled(gpu: Gpu): Promise<Bundled> {
  const [model, tokenizer] = await Promise.all([bundledModel(gpu), bundledTokenizer()]);
  const tokens = tokenizer.tokenize(STORIES).tokens.map(({ id }) => id);
  return {
    given: {
      model,
      sampling: plain,
      context: model.config.nCtx,
      vocabSize: tokenizer.vocabSize,
      isSpecial: (id) => tokenizer.isSpecial(id),
    },
    [Symbol.dispose]: () => model[Symbol.dispose](),
    text(rows) {
      const ids = [tokenizer.bosId!, ...tokens.slice(0, rows - 1)];
      return { ids, special: ids.map((_, row) => row === 0), prefix: 1 };
    },
  };
}

const WAYS: readonly (readonly [string, (model: Transformer) => Partial<GenerationSetup>])[] = [
  ['base', () => ({})],
  [
    'steered from layer 2',
    ({ config }) => ({ steering: new Push('blocks.2.hook_resid_pre', 2, config.dModel) }),
  ],
  [
    'frozen from layer 1',
    ({ config }) => ({ steering: new Push('blocks.1.hook_attn_out', 1, config.dModel), frozen: true }),
  ],
  [
    'frozen from the embedding',
    ({ config }) => ({ steering: new Push('hook_embed', 0, config.dModel, 0.1), frozen: true }),
  ],
];

// `npm test -- --all` reads them all; each takes a quarter of a minute.
const SEEDS_EACH = import.meta.env.VITE_ALL ? 5 : 2;
const FIRST_SEEDS = import.meta.env.VITE_ALL ? [0, 5, 10, 15] : [0];

export const cases = gpuCases('generation', {
  ...Object.fromEntries(
    FIRST_SEEDS.map((first) => [
      `cached is uncached, token for token: 100 tokens past the context, seeds ${first} to ${first + SEEDS_EACH - 1} of 20`,
      async (gpu: Gpu) => {
        using stories = await bundled(gpu);
        const { text, given } = stories;
        // Side by side: most of a token's time is waiting for the GPU's answer.
        const seeds = Array.from({ length: SEEDS_EACH }, (_, i) => first + i);
        await Promise.all(
          seeds.map(async (seed) => {
            const setup = { ...given, prompt: text(170 + (seed % 7)), sampling: { ...plain, seed } };
            const steps = await generate(setup, 100);
            expectEqual(
              [steps.length, await holdAgainstWindows(setup, steps)],
              [100, 2],
              'tokens and windows',
            );
          }),
        );
      },
    ]),
  ),
  'the same where the uncached way is taken: base, steered and frozen, across a slide': async (gpu) => {
    using stories = await bundled(gpu);
    const { text, given } = stories;
    for (const [name, way] of WAYS) {
      const sampling = { ...plain, temperature: 0.8, topP: 0.95, repetitionPenalty: 1.1, seed: 4 };
      const setup = { ...given, context: 40, prompt: text(36), sampling, ...way(given.model) };
      const steps = await generate(setup, 9);
      await holdAgainstWindows(setup, steps);
      const uncached = await generate({ ...setup, cached: false }, 9);
      expectEqual(
        uncached.map(({ id }) => id),
        steps.map(({ id }) => id),
        name,
      );
    }
  },
  'steered and frozen texts over two slides, their losses and KL': async (gpu) => {
    using stories = await bundled(gpu);
    const { text, given } = stories;
    const texts: string[] = [];
    for (const [name, way] of WAYS) {
      const setup = { ...given, context: 32, prompt: text(25), ...way(given.model) };
      const steps = await generate(setup, 20);
      const windows = await holdAgainstWindows(setup, steps);
      if (windows !== 3) throw new Error(`${name}: ${windows} windows`);
      texts.push(steps.map(({ id }) => id).join());
      const kl = Math.max(...steps.map((step) => step.kl));
      if (name === 'base' ? kl !== 0 : !(kl > 0.05)) throw new Error(`${name}: KL up to ${kl}`);
    }
    if (new Set(texts).size !== WAYS.length) throw new Error('arms that differ say the same');
  },
  'frozen attention matters': async (gpu) => {
    using stories = await bundled(gpu);
    const { text, given } = stories;
    const steering = new Push('blocks.1.hook_attn_out', 1, given.model.config.dModel);
    const after = (await generate({ ...given, prompt: text(40) }, 12)).map(({ id }) => id);
    const setup = { ...given, prompt: text(40), steering, after };
    const [free, frozen] = [await generate(setup, 1), await generate({ ...setup, frozen: true }, 1)];
    const gap = Math.max(...free.map(({ kl }, i) => Math.abs(kl - frozen[i]!.kl)));
    if (!(gap > 1e-3)) throw new Error(`KL differs by ${gap}`);
  },
  'rows are those of the whole sequence, also where some were dropped': async (gpu) => {
    using stories = await bundled(gpu);
    const { text, given } = stories;
    const steering = new Push('blocks.2.hook_resid_pre', 2, given.model.config.dModel);
    await generate({ ...given, context: 16, prompt: text(21), steering, isSpecial: (id) => id % 2 === 0 }, 5);
    // 15 rows besides the prefix; 4 go at once. 21 rows: 8 gone; from 25 rows on 12.
    const from = (first: number, last: number): number[] =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i);
    expectEqual(
      steering.asked.map(({ promptRows }) => promptRows),
      [21, 21, 21, 21, 21],
      'prompt',
    );
    const rows = [[0, ...from(9, 20)], [21], [22], [23], [0, ...from(13, 24)]];
    expectEqual(
      steering.asked.flatMap((asked) => asked.rows),
      rows.flat(),
      'rows',
    );
    const [first] = steering.asked;
    expectEqual(first!.special.map(Number), [1, ...Array<number>(12).fill(0)], 'special');
  },
  'continued as if it had not stopped; a long prompt comes in pieces': async (gpu) => {
    using stories = await bundled(gpu);
    const { text, given } = stories;
    for (const [name, way] of WAYS) {
      const setup = { ...given, context: 40, prompt: text(30), ...way(given.model) };
      const whole = await generate(setup, 24);
      const after = whole.slice(0, 15).map(({ id }) => id);
      const continued = await generate({ ...setup, after }, 9);
      expectEqual(
        continued.map(({ id }) => id),
        whole.map(({ id }) => id),
        name,
      );
      for (const field of ['logProb', 'baseLoss', 'kl'] as const)
        expectClose(
          continued.map((step) => step[field]),
          whole.map((step) => step[field]),
          { absolute: 2e-4 },
          `${name}: ${field}`,
        );
    }
  },
  'a piece whose features had too little room is done again, a failed one can be': async (gpu) => {
    using stories = await bundled(gpu);
    const { text, given } = stories;
    const { dModel } = given.model.config;
    const setup = (steering: Push): GenerationSetup => ({ ...given, prompt: text(20), steering });
    const expected = await generate(setup(new Push('blocks.2.hook_resid_pre', 2, dModel)), 4);
    const again = new Push('blocks.2.hook_resid_pre', 2, dModel);
    using generation = new Generation(setup(again));
    const ids: number[] = [];
    for (const trouble of ['', 'room', 'edits', 'room'] as const) {
      again.tooSmall = trouble === 'room' ? 3 : 0;
      if (trouble === 'edits') {
        again.refuses = true;
        const failed = await generation.next().then(
          () => '',
          (thrown: unknown) => (thrown as Error).message,
        );
        if (failed !== 'on purpose') throw new Error(`it says ${failed}`);
        again.refuses = false;
      }
      ids.push(...(await generation.next()).map(({ id }) => id));
    }
    expectEqual(
      ids,
      expected.map(({ id }) => id),
    );
    const endless = new Push('blocks.2.hook_resid_pre', 2, dModel);
    endless.tooSmall = Infinity;
    using stuck = new Generation(setup(endless));
    const said = await stuck.next().then(
      () => 'nothing',
      (thrown: unknown) => (thrown as Error).message,
    );
    if (!said.includes('room')) throw new Error(`it says ${said}`);
  },
  'a strength beyond all numbers is said, and padding is never chosen': async (gpu) => {
    using stories = await bundled(gpu);
    const { text, given } = stories;
    const steering = new Push('blocks.2.hook_resid_pre', 2, given.model.config.dModel, 1e38);
    const after = [5];
    const failed = await generate({ ...given, prompt: text(9), steering, after }, 3).then(
      () => 'nothing',
      (thrown: unknown) => (thrown as Error).message,
    );
    if (!failed.includes('no longer a number')) throw new Error(`it says ${failed}`);
    const few = await generate({ ...given, prompt: text(9), vocabSize: 40 }, 20);
    if (few.some(({ id }) => id >= 40)) throw new Error('an id beyond the vocabulary');
  },
  'families with windows, groups and rotated keys': async (gpu) => {
    for (const [name, frozen] of [
      ['gemma2', true],
      ['qwen3', false],
      ['gpt_neox', true],
      ['gpt_neo', false],
    ] as const) {
      using model = await Transformer.load(gpu, familyConfig(name), await familyTensors(name));
      const prompt = {
        ids: [0, 7, 19, 4, 4, 33, 58],
        special: [true, ...Array<boolean>(6).fill(false)],
        prefix: 1,
      };
      const steering = new Push('blocks.1.hook_resid_pre', 1, model.config.dModel);
      const setup = {
        model,
        prompt,
        context: 16,
        vocabSize: 61,
        isSpecial: () => false,
        sampling: { ...plain, seed: 2 },
        steering,
        frozen,
      };
      await holdAgainstWindows(setup, await generate(setup, 16));
    }
  },
});
