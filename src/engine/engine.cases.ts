import { gpuCases } from '../testing/cases.ts';
import { refusal } from '../testing/refusal.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { Engine } from './engine.ts';
import first from './goldens/storyworld-2m/blocks.0.attn.hook_z.json';
import second from './goldens/storyworld-2m/blocks.1.attn.hook_z.json';
import third from './goldens/storyworld-2m/blocks.2.attn.hook_z.json';
import early from './goldens/storyworld-2m/blocks.1.hook_resid_mid.json';
import middle from './goldens/storyworld-2m/blocks.2.hook_resid_pre.json';
import fourth from './goldens/storyworld-2m/blocks.3.attn.hook_z.json';
import late from './goldens/storyworld-2m/blocks.3.hook_resid_post.json';

const HEADS = [first, second, third, fourth].map(
  (golden, layer) => [`blocks.${layer}.attn.hook_z`, golden] as const,
);
const GOLDENS = {
  'blocks.1.hook_resid_mid': early,
  'blocks.2.hook_resid_pre': middle,
  'blocks.3.hook_resid_post': late,
  ...Object.fromEntries(HEADS),
};
const nothing = (): void => {};
let shared: Promise<Engine> | undefined;
/** What the engine's own device complained of; the last case holds it against the engine. */
const troubles: string[] = [];

/** The engine has a device of its own, as in the product; the runner's is not used. */
function opened(): Promise<Engine> {
  shared ??= (async () => {
    const engine = new Engine();
    await engine.connect(`${self.location.origin}/`, (trouble) => troubles.push(trouble.message));
    await engine.open({ model: '' }, 1, nothing);
    return engine;
  })();
  return shared;
}

export const cases = gpuCases('engine', {
  'opening compiles what a first reading runs': async () => {
    const engine = await opened();
    await engine.analyze({ text: ' red lamp seven garden stone'.repeat(12), windowStart: 0 }, 1);
    const { lateKernels } = await engine.diagnostics();
    if (lateKernels.length > 0) throw new Error(`late: ${lateKernels.join('; ')}`);
  },
  'honesty on one prompt agrees with PyTorch, for every dictionary': async () => {
    const engine = await opened();
    const text =
      'When Mary and John went to the store, John gave a drink to Mary. The war lasted from 1732 to 17';
    for (const [hook, golden] of Object.entries(GOLDENS)) {
      await engine.useDictionary(hook, 2, nothing);
      const analysis = await engine.analyze({ text, windowStart: 0 }, 3);
      expectEqual(
        analysis.tokens.map(({ id }) => id),
        golden.ids,
        'ids',
      );
      for (const [name, expected] of Object.entries(golden.honesty)) {
        const actual = analysis.honesty![name as keyof typeof golden.honesty];
        expectClose([actual], [expected ?? NaN], { absolute: 1e-4, relative: 1e-3 }, `${hook} ${name}`);
      }
    }
    await engine.useDictionary('blocks.2.hook_resid_pre', 4, nothing);
  },
  'a feature’s effects and neighbours agree with PyTorch; its label is the same tokens': async () => {
    const engine = await opened();
    for (const [hook, { feature }] of Object.entries(GOLDENS)) {
      await engine.useDictionary(hook, 2, nothing);
      const card = await engine.feature(feature.index, 3);
      const pairs = (entries: number[][]): [number[], number[]] => [
        entries.map(([id]) => id!),
        entries.map(([, value]) => value!),
      ];
      for (const side of ['promoted', 'suppressed'] as const) {
        const [ids, logits] = pairs(feature[side]);
        const shown = card[side].slice(0, 5);
        expectEqual(
          shown.map(({ id }) => id),
          ids,
          side,
        );
        expectClose(
          shown.map(({ logit }) => logit),
          logits,
          { relative: 1e-3 },
          side,
        );
      }
      const [indices, cosines] = pairs(feature.neighbours);
      expectEqual(
        card.neighbours.slice(0, 5).map(({ index }) => index),
        indices,
        'neighbours',
      );
      expectClose(
        card.neighbours.slice(0, 5).map(({ cosine }) => cosine),
        cosines,
        { absolute: 1e-3 },
        'cosines',
      );
      expectClose([card.decoderNorm], [feature.decoderNorm], { relative: 1e-3 }, 'norm');
      const [other, label] = await engine.labels([0, feature.index], 4);
      if (
        other!.index !== 0 ||
        label!.promoted.join('|') !==
          card.promoted
            .slice(0, 4)
            .map((t) => t.text)
            .join('|')
      )
        throw new Error(`label ${label!.promoted.join('|')}`);
    }
    await engine.useDictionary('blocks.2.hook_resid_pre', 4, nothing);
  },
  'a window of a long text is read as if it stood alone': async () => {
    const engine = await opened();
    const text = ' red lamp seven garden stone'.repeat(120);
    const window = await engine.tokenize({ text, windowStart: 300 });
    expectEqual([window.totalTokens, window.windowStart, window.tokens.length], [600, 300, 255], 'window');
    const inside = await engine.analyze({ text, windowStart: 300 }, 8);
    const alone = await engine.analyze({ text: text.slice(window.tokens[0]!.start), windowStart: 0 }, 9);
    expectEqual(inside.codes.indices, alone.codes.indices, 'features');
    expectEqual(inside.codes.values, alone.codes.values, 'values');
    expectEqual([inside.windowStart, inside.totalTokens, inside.tokens.length], [300, 600, 256], 'said');
  },
  'one reading is one submission and one readback, and allocates nothing the second time': async () => {
    const engine = await opened();
    const request = { text: ' red lamp seven garden stone'.repeat(12), windowStart: 0 };
    await engine.analyze(request, 10);
    const before = (await engine.diagnostics()).allocatedBytes;
    const { usage } = await engine.analyze(request, 11);
    expectEqual([usage.submissions, usage.readbacks], [1, 1], 'usage');
    expectEqual([(await engine.diagnostics()).allocatedBytes], [before], 'allocated');
  },
  'what cannot be done is refused with its reason': async () => {
    const engine = await opened();
    await refusal(() => engine.feature(2048, 12), 'bad-input');
    await refusal(() => engine.feature(-1, 12), 'bad-input');
    await refusal(() => engine.labels([0.5], 12), 'bad-input');
    await refusal(
      () =>
        engine.labels(
          Array.from({ length: 257 }, () => 0),
          12,
        ),
      'bad-input',
    );
    const scan = (seed: number, items: number) =>
      engine.scan.run({ corpus: { kind: 'storyworld', seed, items } }, 12, nothing, nothing);
    await refusal(() => scan(1, 0), 'bad-input');
    await refusal(() => scan(-1, 5), 'bad-input');
    await refusal(() => scan(1, 10_000_000), 'bad-input');
    await refusal(() => engine.useDictionary('nowhere', 12, nothing), 'not-found');
    await refusal(
      () => engine.analyze({ text: 'a', windowStart: 0, captures: ['blocks.4.hook_resid_pre'] }, 12),
      'bad-input',
    );
    await refusal(
      () => engine.open({ model: { folder: 'https://example.org/x/', id: 'x', files: [] } }, 12, nothing),
      'bad-input',
    );
    // And goes on working.
    await engine.analyze({ text: 'Tom', windowStart: 0 }, 13);
  },
  'a cancelled scan stops, and a cancelled reading never starts': async () => {
    const engine = await opened();
    const corpus = { kind: 'storyworld', seed: 1, items: 10_000 } as const;
    const long = engine.scan.run({ corpus }, 14, nothing, nothing);
    const waiting = engine.analyze({ text: 'Tom', windowStart: 0 }, 15);
    await engine.cancel(15);
    await engine.cancel(14);
    await refusal(() => waiting, 'cancelled');
    await refusal(() => long, 'cancelled');
    await engine.analyze({ text: 'Tom', windowStart: 0 }, 16);
  },
  'the device complained of nothing in all of this': async () => {
    await opened();
    if (troubles.length > 0) throw new Error(troubles.join('; '));
  },
});
