import type { Gpu } from '../../gpu/gpu.ts';
import type { Transformer } from '../../model/transformer.ts';
import { addedRows } from '../../testing/added-rows.ts';
import { bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import { type GoldenArray, goldenValues } from '../../testing/golden.ts';
import { tinyModel } from '../../testing/tiny-heads.ts';
import { Baselines } from './baselines.ts';
import { compareText } from './compare.ts';
import goldens from './goldens/lens.json';
import { lensHooks, lensText } from './lens.ts';
import type { LikelyTokens } from './movers.ts';
import type { PassRows } from './steering.ts';

const load: Record<string, (gpu: Gpu) => Promise<Transformer>> = {
  bundled: bundledModel,
  gemma2: async (gpu) => (await tinyModel(gpu, 'gemma2')).model,
};

function rowsOf(ids: ArrayLike<number>): PassRows {
  return {
    rows: Array.from(ids, (_, row) => row),
    special: Array.from(ids, () => false),
    promptRows: ids.length,
  };
}

/** `vector` added to rows `first` and up. */
function steered(golden: (typeof goldens)[number]) {
  const { hook, ids, first } = golden;
  const vector = goldenValues(golden.vector);
  const values = new Float32Array(ids.length * vector.length);
  for (let row = first; row < ids.length; row++) values.set(vector, row * vector.length);
  return addedRows([{ hook, layer: Number(hook.split('.')[1]), values }]);
}

function expectLikely(
  found: readonly LikelyTokens[],
  golden: { ids: number[][]; probs: GoldenArray },
  what: string,
): void {
  expectEqual(
    found.flatMap(({ ids }) => [...ids]),
    golden.ids.flat(),
    `${what}: tokens`,
  );
  expectClose(
    found.flatMap(({ probs }) => [...probs]),
    goldenValues(golden.probs),
    { absolute: 1e-5 },
    `${what}: probabilities`,
  );
}

export const cases = gpuCases('logit lens', {
  'layers predict as transformer-lens has them, as is and with a vector added': async (gpu) => {
    for (const golden of goldens) {
      using model = await load[golden.model]!(gpu);
      using baselines = new Baselines(model);
      const ids = Uint32Array.from(golden.ids);
      const n = golden.base.ids[0]!.length;
      const what = `${golden.model} ${golden.hook}`;
      for (const time of ['cold', 'warm']) {
        const before = { ...gpu.counters };
        const found = await lensText({ model, baselines }, { ids, rows: rowsOf(ids) }, steered(golden), {
          row: golden.row,
          n,
        });
        expectEqual(
          [gpu.counters.submissions - before.submissions, gpu.counters.readbacks - before.readbacks],
          [1, 1],
        );
        expectEqual(
          [found.hooks.length, found.kl.length],
          [model.config.nLayers + 1, model.config.nLayers + 1],
        );
        expectLikely(found.base, golden.base, `${what}, ${time}, base`);
        expectLikely(found.steered, golden.steered, `${what}, ${time}, steered`);
        expectClose(found.kl, goldenValues(golden.kl), { relative: 1e-4, absolute: 1e-6 }, `${what}: kl`);
        // What lies before the vector keeps every digit.
        const at = found.hooks.indexOf(
          golden.hook.replace(/(\d+)\.hook_resid_pre/, (_, l) => `${l - 1}.hook_resid_post`),
        );
        found.kl.forEach((kl, i) => {
          const changed = i > at && (i > 0 || golden.hook === 'blocks.0.hook_resid_pre');
          if (golden.hook.endsWith('pre') && kl > 0 !== changed)
            throw new Error(`${what}: ${kl} at ${found.hooks[i]}`);
        });
      }
    }
  },
  'the last layer predicts what the model does, and a base that was compared serves': async (gpu) => {
    const golden = goldens[0]!;
    using model = await bundledModel(gpu);
    using baselines = new Baselines(model);
    const ids = Uint32Array.from(golden.ids);
    const given = { ids, rows: rowsOf(ids) };
    const row = 14;
    const options = { row, nextTokens: 5, movers: 1, frozen: false };
    const compared = await compareText({ model, baselines }, given, steered(golden), options);
    const found = await lensText({ model, baselines }, given, steered(golden), { row, n: 5 });
    for (const side of ['base', 'steered'] as const) {
      expectEqual(found[side].at(-1)!.ids, compared[side].next.ids, side);
      expectClose(found[side].at(-1)!.probs, compared[side].next.probs, { absolute: 1e-6 }, side);
    }
    expectClose([found.kl.at(-1)!], [compared.steered.kl[row]!], { relative: 1e-4 }, 'kl');
    // And the other way round: the lens leaves what a comparison can begin with.
    if (found.hooks.join() !== lensHooks(4).join()) throw new Error(found.hooks.join());
    const again = await compareText({ model, baselines }, given, steered(golden), options);
    expectEqual(again.steered.kl, compared.steered.kl, 'kl after the lens');
    const moved = await lensText({ model, baselines }, given, steered(golden), { row: 20, n: 5 });
    using fresh = new Baselines(model);
    const first = await lensText({ model, baselines: fresh }, given, steered(golden), { row: 20, n: 5 });
    expectEqual(
      moved.base.flatMap(({ probs }) => [...probs]),
      first.base.flatMap(({ probs }) => [...probs]),
    );
    const idle = { firstLayer: 4, atEmbedding: false, edits: steered(golden).edits };
    const nothing = await lensText({ model, baselines }, given, idle, { row: 20, n: 5 });
    expectEqual(nothing.kl, new Float32Array(5), 'nothing to do');
    const before = gpu.counters.submissions;
    const zeros = addedRows(
      [{ hook: golden.hook, layer: 2, values: new Float32Array(ids.length * 192) }],
      [false, true],
    );
    const once = await lensText({ model, baselines }, given, zeros, { row: 20, n: 5 });
    expectEqual(once.kl, new Float32Array(5), 'zeros, second try');
    expectEqual([gpu.counters.submissions - before], [2], 'submissions');
  },
});
