import { bundledEngine } from '../../testing/bundled-engine.ts';
import { gpuCases } from '../../testing/cases.ts';
import { refusal } from '../../testing/refusal.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import type { SparsifyRequest } from '../protocol.ts';

const nothing = (): void => {};
const text =
  'When Mary and John went to the store, John gave a drink to Mary. The war lasted from 1732 to 17';
const request = (more: Partial<SparsifyRequest>): SparsifyRequest => ({
  text,
  windowStart: 0,
  assignments: [],
  ...more,
});

export const cases = gpuCases('sparse attention in the engine', {
  'losses as is are those of a reading; a later assignment replaces an earlier one': async () => {
    const engine = await bundledEngine();
    const analysis = await engine.analyze({ text, windowStart: 0 }, 2);
    const progress: number[] = [];
    const found = await engine.heads.sparsify(
      request({
        assignments: [
          { layer: null, heads: null, choice: { pattern: 'block-top-k', budget: 0.4 } },
          { layer: 1, heads: null, choice: { pattern: 'causal' } },
          { layer: 2, heads: [3], choice: { pattern: 'sliding-window', parameters: { window: 4 } } },
        ],
        blockSize: 4,
        masks: [{ layer: 2, head: 3 }],
      }),
      3,
      ({ done }) => progress.push(done),
    );
    expectClose(found.loss, analysis.loss, { absolute: 1e-4 }, 'loss');
    expectEqual([found.rows, found.heads.length, found.masks.length], [analysis.tokens.length, 24, 1]);
    const judged = analysis.loss.subarray(1);
    expectClose(
      [found.ceDense],
      [judged.reduce((a, b) => a + b, 0) / judged.length],
      { absolute: 1e-4 },
      'mean',
    );
    if (!(found.ceSparse > found.ceDense)) throw new Error('leaving keys out cost nothing');
    for (const { layer, head, pattern, recall } of found.heads) {
      const expected = layer === 1 ? 'causal' : layer === 2 && head === 3 ? 'sliding-window' : 'block-top-k';
      if (pattern !== expected) throw new Error(`${layer}.${head} is under ${pattern}`);
      if (layer === 1) expectClose([recall], [1], { absolute: 1e-5 });
    }
    found.masks[0]!.mask.forEach((seen, i) => {
      const [t, s] = [Math.floor(i / found.rows), i % found.rows];
      if ((seen === 1) !== (s <= t && (t - s < 4 || s < 4))) throw new Error(`${t} sees ${s}: ${seen}`);
    });
    if (!(found.features!.jaccard < 1 && found.features!.most.length > 0))
      throw new Error('no feature changed');
    expectEqual([progress[0]!, progress.at(-1)!], [0, 5], 'progress');
  },
  'the list of patterns can be sent, and every one of them be asked for': async () => {
    const engine = await bundledEngine();
    const patterns = structuredClone(await engine.heads.patterns());
    for (const { id } of patterns) {
      const assignments = [{ layer: 0, heads: [0], choice: { pattern: id } }];
      const { heads } = await engine.heads.sparsify(request({ assignments }), 4, nothing);
      expectEqual([heads.length, heads[0]!.blindRows], [1, 0], id);
    }
  },
  'times have a point for each length and density, and visit what they say': async () => {
    const engine = await bundledEngine();
    const times = await engine.heads.attentionTimes(
      { lengths: [32, 64], densities: [1, 0.5], rounds: 2 },
      5,
      nothing,
    );
    expectEqual([times.heads, times.dHead, times.points.length], [6, 32, 4]);
    for (const [i, { length, visited, ratio, least, greatest }] of times.points.entries()) {
      expectEqual([length], [i < 2 ? 32 : 64]);
      if (!(least <= ratio && ratio <= greatest && least > 0))
        throw new Error(`${least} ${ratio} ${greatest}`);
      if (i % 2 === 0) expectEqual([visited], [1]);
      // Of 10 blocks 7 are always kept.
      if (i === 3) expectEqual([visited], [0.7]);
    }
  },
  'what cannot be done is refused with its reason': async () => {
    const engine = await bundledEngine();
    const choice = { pattern: 'causal' };
    const bad: Partial<SparsifyRequest>[] = [
      { blockSize: 33 },
      { blockSize: 0 },
      { blockSize: 4.5 },
      { assignments: [{ layer: 4, heads: null, choice }] },
      { assignments: [{ layer: 0, heads: [6], choice }] },
      { assignments: [{ layer: 0, heads: [-1], choice }] },
      { assignments: [{ layer: 0, heads: [0.5], choice }] },
      { assignments: [{ layer: 0, heads: null, choice: { pattern: 'nothing' } }] },
      { assignments: [{ layer: 0, heads: null, choice: { pattern: 'causal', budget: NaN } }] },
      { assignments: [{ layer: 0, heads: null, choice: { pattern: 'strided', parameters: { stride: 0 } } }] },
      {
        assignments: [{ layer: 0, heads: null, choice: { pattern: 'strided', parameters: { nothing: 1 } } }],
      },
      { masks: Array.from({ length: 17 }, () => ({ layer: 0, head: 0 })) },
      { masks: [{ layer: 0, head: 6 }] },
    ];
    for (const more of bad)
      await refusal(() => engine.heads.sparsify(request(more), 6, nothing), 'bad-input');
    const times = { lengths: [16], densities: [0.5] };
    for (const more of [
      { lengths: [] },
      { lengths: [5000] },
      { densities: [2] },
      { densities: [NaN] },
      { rounds: 0 },
    ])
      await refusal(() => engine.heads.attentionTimes({ ...times, ...more }, 7, nothing), 'bad-input');
    const running = engine.heads.sparsify(request({}), 8, nothing);
    await engine.cancel(8);
    await refusal(() => running, 'cancelled');
  },
});
