import { type SparseCodes, toSparseCodes } from '../../dictionary/codes.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import { addedRows } from '../../testing/added-rows.ts';
import { bundledDictionary, bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import {
  compare,
  expectSame,
  expectSide,
  FIRST,
  frozenLogits,
  fullLogits,
  LENGTH,
  models,
  noise,
  options,
  places,
  plainSide,
  rowsOf,
  someIds,
} from '../../testing/compared.ts';
import { analyzePrompt } from '../prompt.ts';
import { Baselines } from './baselines.ts';
import { compareRow } from './compare-row.ts';
import { compareText, type SteeredPass } from './compare.ts';

/** Features of every row, of a pass from the embedding on. */
async function allCodes(
  model: Transformer,
  dictionary: Dictionary,
  ids: Uint32Array<ArrayBuffer>,
  steering?: SteeredPass,
): Promise<SparseCodes> {
  const batch = model.gpu.batch('check');
  const edits = steering?.edits(rowsOf(ids)).edits;
  const { captures } = model.record(batch, { ids, captures: [dictionary.hook], edits });
  const codes = dictionary.encode(batch, captures.get(dictionary.hook)!);
  const { arrays } = await batch.submit([codes.indices, codes.values]);
  return toSparseCodes(arrays[0] as Uint32Array, arrays[1] as Float32Array, ids.length);
}

export const cases = gpuCases('comparing with and without interventions', {
  'what follows one row alone is what the whole comparison says of it, cold, warm and for a row before the change':
    async (gpu) => {
      for (const [name, load] of Object.entries(models)) {
        using model = await load(gpu);
        const ids = someIds(model);
        for (const row of [LENGTH - 1, FIRST, FIRST - 1]) {
          for (const added of places(model)) {
            using whole = new Baselines(model);
            using alone = new Baselines(model);
            const what = `${name}, ${added.hook}, row ${row}`;
            const steering = addedRows([added]);
            const asked = { ids, rows: rowsOf(ids) };
            const { base, steered, resumedAt } = await compareText(
              { model, baselines: whole },
              asked,
              steering,
              { ...options, row },
            );
            for (const baselines of [alone, alone, whole]) {
              const found = await compareRow({ model, baselines }, asked, steering, { ...options, row });
              expectEqual([found.resumedAt], [resumedAt], what);
              expectEqual(found.base.ids, base.next.ids, what);
              expectClose(found.base.probs, base.next.probs, { absolute: 1e-6 }, what);
              expectEqual(found.steered.ids, steered.next.ids, what);
              expectClose(found.steered.probs, steered.next.probs, { absolute: 1e-5 }, what);
              expectEqual(
                found.movers.map(({ id }) => id),
                steered.movers.map(({ id }) => id),
                what,
              );
              expectClose([found.kl], [steered.kl[row]!], { absolute: 1e-6, relative: 1e-4 }, what);
              if (row < FIRST) expectClose([found.kl], [0], { absolute: 1e-7 }, what);
            }
          }
        }
      }
    },
  'a resumed pass says what one from scratch says; divergences and movers are those of the full logits':
    async (gpu) => {
      for (const [name, load] of Object.entries(models)) {
        using model = await load(gpu);
        using baselines = new Baselines(model);
        const ids = someIds(model);
        const base = await fullLogits(model, ids);
        for (const added of places(model)) {
          const what = `${name}, ${added.hook}`;
          const steering = addedRows([added]);
          const expected = plainSide(ids, base, await fullLogits(model, ids, steering), options);
          for (const time of ['cold', 'warm']) {
            const found = await compare(model, baselines, ids, steering);
            expectEqual([found.resumedAt], [Math.max(0, added.layer)], what);
            expectSide(found.steered, expected, `${what}, ${time}`);
            if (!found.steered.kl.every((value) => value >= 0))
              throw new Error(`${what}: negative divergence`);
            if (found.frozen) throw new Error('nobody asked for frozen attention');
          }
        }
      }
    },
  'the base is what a reading says, and logits in parts what logits in one piece say': async (gpu) => {
    using model = await bundledModel(gpu);
    const ids = someIds(model);
    const row = 11;
    const steering = addedRows([noise(model, 'blocks.2.hook_resid_pre', 2)]);
    const partBytes = 4 * model.config.dVocab * 7;
    for (const limits of [
      { texts: 4, bytes: 2 ** 27 },
      { texts: 4, bytes: 2 ** 27, partBytes },
      // Not enough to keep logits: they are made again of the final residual.
      { texts: 4, bytes: 2 ** 10, partBytes },
    ]) {
      using baselines = new Baselines(model, limits);
      const read = await analyzePrompt(model, undefined, ids, {
        nextTokens: 10,
        honesty: false,
        logits: 'none',
        captures: [],
        mostLogitBytes: limits.partBytes,
      });
      const next = {
        ids: read.next.ids.slice(row * 10, row * 10 + 10),
        probs: read.next.probs.slice(row * 10, row * 10 + 10),
      };
      const logits = await fullLogits(model, ids, steering);
      const expected = plainSide(ids, await fullLogits(model, ids), logits, { ...options, row });
      for (let time = 0; time < 2; time++) {
        const { base, steered } = await compare(model, baselines, ids, steering, { row });
        // A reading stores no logits, and sums them up in another order.
        expectClose(base.loss, read.loss, { absolute: 1e-5 }, 'loss of the base');
        expectEqual(base.next.ids, next.ids, 'next tokens');
        expectClose(base.next.probs, next.probs, { absolute: 1e-6 }, 'their probabilities');
        expectEqual(base.kl, new Float32Array(LENGTH), 'divergence from itself');
        expectEqual([base.movers.length], [0]);
        expectSide(steered, expected, 'steered');
      }
    }
  },
  'rows before the first that is changed keep every digit; nothing to do changes nothing': async (gpu) => {
    for (const [name, load] of Object.entries(models)) {
      using model = await load(gpu);
      using baselines = new Baselines(model);
      const ids = someIds(model);
      for (const added of places(model).filter(({ hook }) => hook.includes('resid'))) {
        const { base, steered } = await compare(model, baselines, ids, addedRows([added]));
        expectEqual(steered.kl.subarray(0, FIRST), new Float32Array(FIRST), `${name} ${added.hook}`);
        if (!steered.kl.subarray(FIRST).every((value) => value > 0)) throw new Error('later rows stayed');
        expectEqual(steered.loss.subarray(1, FIRST + 1), base.loss.subarray(1, FIRST + 1), 'loss');
        const none = await compare(
          model,
          baselines,
          ids,
          addedRows([{ ...added, values: added.values.map(() => 0) }]),
        );
        expectSame(none.steered, base, 'zeros');
        expectEqual([none.steered.movers.length], [0], 'movers of zeros');
      }
      const before = { ...gpu.counters };
      const idle = { firstLayer: model.config.nLayers, atEmbedding: false, edits: addedRows([]).edits };
      const nothing = await compare(model, baselines, ids, idle);
      expectSame(nothing.steered, nothing.base, 'nothing');
      expectEqual(
        [nothing.resumedAt, gpu.counters.dispatches - before.dispatches],
        [model.config.nLayers, 0],
      );
    }
  },
  'frozen attention is the base pattern over steered values, wherever the pass begins and whatever was kept':
    async (gpu) => {
      for (const [name, load] of Object.entries(models)) {
        using model = await load(gpu);
        using baselines = new Baselines(model);
        const ids = someIds(model);
        const last = model.config.nLayers - 1;
        const frozen = { frozen: true };
        const added = noise(model, `blocks.${last}.hook_resid_pre`, last);
        const base = await fullLogits(model, ids);
        const expected = plainSide(ids, base, await frozenLogits(model, ids, added), options);
        const steered = await compare(model, baselines, ids, addedRows([added]));
        for (const time of ['cold', 'warm']) {
          const found = await compare(model, baselines, ids, addedRows([added]), frozen);
          expectSide(found.frozen!, expected, `${name}, ${time}`);
          expectSame(found.steered, steered.steered, `${name}, steered`);
          if (found.frozen!.kl.every((kl, row) => kl === found.steered.kl[row]))
            throw new Error('nothing was frozen');
        }
        // Attention is untouched by what is added after it.
        const after = addedRows([noise(model, `blocks.${last}.hook_mlp_out`, last)]);
        const same = await compare(model, baselines, ids, after, frozen);
        expectSame(same.frozen!, same.steered, `${name}, after attention`);
        for (const early of [noise(model, 'blocks.0.hook_resid_pre', 0), noise(model, 'hook_embed', -1)]) {
          using fresh = new Baselines(model);
          using small = new Baselines(model, { texts: 1, bytes: 1 });
          const found = await compare(model, baselines, ids, addedRows([early]), frozen);
          for (const others of [fresh, small, small])
            expectSame(
              found.frozen!,
              (await compare(model, others, ids, addedRows([early]), frozen)).frozen!,
              `${name}, ${early.hook}`,
            );
        }
        const idle = { firstLayer: last + 1, atEmbedding: false, edits: addedRows([]).edits };
        const nothing = await compare(model, baselines, ids, idle, frozen);
        expectSame(nothing.frozen!, nothing.base, `${name}, nothing to do`);
      }
    },
  'features of a dictionary at or after the intervention change, those before it do not': async (gpu) => {
    using model = await bundledModel(gpu);
    using baselines = new Baselines(model);
    const ids = someIds(model);
    const edits = [
      {
        added: noise(model, 'blocks.3.hook_resid_pre', 3),
        moves: { 'blocks.2.hook_resid_pre': false, 'blocks.3.hook_resid_post': true },
      },
      {
        added: noise(model, 'blocks.2.hook_resid_pre', 2),
        moves: { 'blocks.2.hook_resid_pre': true, 'blocks.3.hook_resid_post': true },
      },
      { added: noise(model, 'hook_embed', -1), moves: { 'blocks.2.hook_resid_pre': true } },
    ];
    for (const { added, moves } of edits) {
      for (const [hook, moved] of Object.entries(moves)) {
        using dictionary = await bundledDictionary(gpu, hook);
        const steering = addedRows([added]);
        const sides = {
          base: await allCodes(model, dictionary, ids),
          steered: await allCodes(model, dictionary, ids, steering),
        };
        for (const row of [20, 9, 9]) {
          const { features } = await compare(model, baselines, ids, steering, { row, dictionary });
          for (const side of ['base', 'steered'] as const) {
            const { offsets, indices, values } = sides[side];
            const at = [offsets[row]!, offsets[row + 1]!] as const;
            const own = features!.filter((feature) => feature[side] > 0).sort((x, y) => y[side] - x[side]);
            expectEqual(
              own.map(({ index }) => index),
              indices.slice(...at),
              `${hook}, ${side}`,
            );
            expectClose(
              own.map((feature) => feature[side]),
              values.slice(...at),
              { relative: 1e-5 },
              `${hook}, ${side}`,
            );
          }
          const changed = features!.some((feature) => feature.base !== feature.steered);
          if (changed !== moved) throw new Error(`${added.hook} changed ${hook}: ${changed}`);
          const sizes = features!.map((feature) => Math.max(feature.base, feature.steered));
          expectEqual(
            sizes,
            [...sizes].sort((x, y) => y - x),
            'order',
          );
        }
      }
    }
  },
  'a pass that had too little room is made again, until it is too often': async (gpu) => {
    using model = await bundledModel(gpu);
    using baselines = new Baselines(model);
    const ids = someIds(model);
    const added = [noise(model, 'blocks.2.hook_resid_pre', 2)];
    const submissionsOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = gpu.counters.submissions;
      await work();
      return gpu.counters.submissions - before;
    };
    const asked = async (settle: boolean[]): Promise<void> => {
      const found = await compare(model, baselines, ids, addedRows(added, settle), { frozen: true });
      const plain = await compare(model, baselines, ids, addedRows(added));
      expectSame(found.steered, plain.steered, 'steered');
    };
    // Steered and frozen pass of each try.
    expectEqual([await submissionsOf(() => asked([true, true]))], [2]);
    expectEqual([await submissionsOf(() => asked([false, true, true, true]))], [3]);
    expectEqual([await submissionsOf(() => asked([true, false, true, true]))], [3]);
    const thrown = await asked(Array.from({ length: 20 }, () => false)).catch((error: unknown) => error);
    if (!(thrown instanceof FacetError) || thrown.code !== 'bug') throw new Error(String(thrown));
  },
});
