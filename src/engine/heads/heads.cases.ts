import { generate, registers } from '../../storyworld/index.ts';
import { bundledEngine } from '../../testing/bundled-engine.ts';
import { codeOf } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { Engine } from '../engine.ts';
import type { AblationEffects, HeadId, HeadScores, Progress } from '../protocol.ts';

const nothing = (): void => {};
const corpus = { kind: 'storyworld' as const, seed: 41, items: 6, registers: ['repeats'] };
const seen: Progress[] = [];
let scored: Promise<HeadScores> | undefined;

/** Scores over the register of repeated sequences, measured once. */
function scoresOfRepeats(): Promise<HeadScores> {
  scored ??= bundledEngine().then(({ heads }) =>
    heads.scores({ corpus }, 2, (progress) => seen.push(progress), nothing),
  );
  return scored;
}

const valuesOf = ({ scores }: HeadScores, id: string): Float32Array =>
  scores.find(({ info }) => info.id === id)!.values;
const best = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value, i, all) => (value > all[most]! ? i : most), 0);

export const cases = gpuCases('heads of the bundled model', {
  'scoring that outlives its model is cancelled, not broken, when the model is opened anew': async () => {
    const engine = new Engine();
    await engine.connect(`${self.location.origin}/`, nothing);
    await engine.open({ model: '', dictionary: null }, 1, nothing);
    let scores = Promise.resolve('');
    await new Promise<void>((begun) => {
      scores = codeOf(engine.heads.scores({ corpus }, 2, () => begun(), nothing));
    });
    await engine.open({ model: '', dictionary: null }, 3, nothing);
    expectEqual([Number((await scores) === 'cancelled')], [1], `cancelled, not ${await scores}`);
  },
  // Six heads share the work in this model, so that no one of them is missed much: what they do is only gone without all.
  'the heads that score for induction on repeated sequences are one layer, whose ablation hurts most':
    async () => {
      const { heads } = await bundledEngine();
      const scores = await scoresOfRepeats();
      expectEqual(
        [scores.texts, seen.at(-1)!.done],
        [corpus.items, seen.at(-1)!.total],
        'texts and progress',
      );
      const induction = valuesOf(scores, 'induction-corpus');
      const found = Array.from(induction.keys()).filter((i) => induction[i]! > 0.25);
      expectEqual(
        found,
        [12, 13, 14, 15, 16, 17],
        `heads of ${Array.from(induction, (x) => x.toFixed(2)).join(' ')}`,
      );
      const text = generate(9, 3, { registers: ['repeats'] }).text;
      const rises: number[] = [];
      for (let layer = 0; layer < 4; layer++) {
        const all = Array.from({ length: 6 }, (_, head) => ({ layer, head }));
        const { loss, ablated } = await heads.ablateHere(
          { text, windowStart: 0, heads: all, with: 'mean' },
          12,
        );
        rises.push(
          ablated.subarray(2).reduce((sum, value, t) => sum + value - loss[t + 2]!, 0) / (loss.length - 2),
        );
      }
      expectEqual([best(rises)], [2], `rises ${rises.map((x) => x.toFixed(3)).join(' ')}: layer`);
    },
  'ablating heads of layer 2 costs on repeated sequences, of layer 3 nothing; the mean of one register is that of all':
    async () => {
      const { heads } = await bundledEngine();
      const partials: AblationEffects[] = [];
      const chosen = [
        { layer: 3, head: 0 },
        { layer: 1, head: 1 },
        { layer: 2, head: 1 },
        { layer: 2, head: 5 },
      ];
      const effects = await heads.ablate(
        { corpus: { ...corpus, items: 3 }, heads: chosen },
        3,
        nothing,
        (partial) => {
          partials.push(partial);
        },
      );
      expectEqual(
        effects.heads.map(({ layer, head }) => 10 * layer + head),
        [11, 21, 25, 30],
        'in order of layers',
      );
      const rise = ofGroup(effects, 'repeats');
      expectClose(ofGroup(effects, 'all'), rise, { absolute: 1e-7 }, 'one register is all');
      const said = `rises ${Array.from(rise, (x) => x.toFixed(4)).join(' ')}`;
      // The layer 1 head reads the separator, without which nothing is known to be repeated.
      if (!(rise[0]! > 0.2 && rise[1]! > 0.01 && rise[2]! > 0.02 && Math.abs(rise[3]!) < 0.02))
        throw new Error(said);
      for (const partial of partials) expectEqual([partial.rise.length], [effects.rise.length]);
    },
  'the top induction head is missed most on pairs that stood before in repeated sequences, the top previous-token head in that register':
    async () => {
      const { heads } = await bundledEngine();
      const layer = Array.from({ length: 6 }, (_, head) => ({ layer: 2, head }));
      const scores = await scoresOfRepeats();
      const idOf = (score: string): HeadId => {
        const top = best(valuesOf(scores, score));
        return { layer: Math.floor(top / 6), head: top % 6 };
      };
      const [induction, previous] = [idOf('induction-corpus'), idOf('previous')];
      expectEqual([induction.layer], [2], 'layer of induction');
      const missed = ofGroup(
        await heads.ablate({ corpus: { ...corpus, items: 16 }, heads: layer }, 22, nothing, nothing),
        'repeats pairs again',
      );
      expectEqual([best(missed)], [induction.head], `missed ${Array.from(missed).join(' ')}`);
      // Each register by itself, so that each has texts enough for a mean.
      const rises: Record<string, { whole: number; again: number }> = {};
      for (const { id } of registers) {
        const effects = await heads.ablate(
          { corpus: { ...corpus, items: 5, registers: [id] }, heads: [previous, induction] },
          23,
          nothing,
          nothing,
        );
        expectEqual(
          effects.groupTexts,
          Array.from(effects.groups, () => 5),
          'texts of each group',
        );
        const order = effects.heads.findIndex((head) => head.layer === induction.layer);
        rises[id] = {
          whole: ofGroup(effects, id)[1 - order]!,
          again: ofGroup(effects, `${id} pairs again`)[order]!,
        };
      }
      for (const [id, { whole, again }] of Object.entries(rises)) {
        if (id === 'repeats') continue;
        if (whole >= rises.repeats!.whole || again >= rises.repeats!.again)
          throw new Error(`${id}: ${JSON.stringify(rises)}`);
      }
    },
  'scores stop when they are cancelled': async () => {
    const engine = await bundledEngine();
    const running = engine.heads.scores({ corpus: { ...corpus, items: 500 } }, 4, nothing, nothing);
    await engine.cancel(4);
    expectEqual([Number((await codeOf(running)) === 'cancelled')], [1], 'cancelled');
  },
  'circuits and ablations of heads that are not there, or none, are refused': async () => {
    const { heads } = await bundledEngine();
    const here = { text: 'Mary and John', windowStart: 0, with: 'zero' } as const;
    const calls: Promise<unknown>[] = [
      heads.circuits({ layer: 4, head: 0 }, 5, nothing),
      heads.circuits({ layer: 0, head: 0, pairs: 0 }, 6, nothing),
      heads.ablateHere({ ...here, heads: [] }, 7),
      heads.ablateHere({ ...here, heads: [{ layer: 0, head: 6 }] }, 8),
      heads.ablate({ corpus, heads: [{ layer: 0, head: 6 }] }, 9, nothing, nothing),
      heads.pattern({ text: 'a', windowStart: 0, layer: 9, head: null, weighting: 'value' }, 10),
    ];
    const codes = await Promise.all(calls.map(codeOf));
    if (codes.some((code) => code !== 'bad-input')) throw new Error(`accepted: ${codes.join()}`);
  },
  'a head’s circuits come with their tokens, its copying score and notes': async () => {
    const { heads } = await bundledEngine();
    const found = await heads.circuits({ layer: 1, head: 2, pairs: 5 }, 11, nothing);
    expectEqual([found.qk.length, found.ov.length, found.tokens], [5, 5, 3072]);
    if (!found.qk.every(({ from, to }) => from.text !== '' && to.text !== '')) throw new Error('no texts');
    if (!found.notes.some((note) => note.includes('Position')))
      throw new Error('positions are not mentioned');
    if (!(found.copying >= -1 && found.copying <= 1)) throw new Error(`copying ${found.copying}`);
  },
});

function ofGroup({ groups, heads, rise }: AblationEffects, group: string): Float32Array {
  const own = groups.indexOf(group);
  return Float32Array.from(heads, (_, i) => rise[i * groups.length + own]!);
}
