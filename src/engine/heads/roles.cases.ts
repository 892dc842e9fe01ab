import { lossesWith, readLayer } from '../../analysis/heads/roles-scan.ts';
import { roleDelta } from '../../analysis/heads/roles-power.ts';
import { latentsOf } from '../../analysis/heads/roles.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { logProbGatherReference } from '../../gpu/reference/log_prob_gather.ts';
import { withBundledSession } from '../../testing/bundled-session.ts';
import { gpuCases } from '../../testing/cases.ts';
import { refusal } from '../../testing/refusal.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import type { LayerRoles, Progress, RolesRequest } from '../protocol.ts';
import type { Session } from '../session.ts';
import { findRoles, RolesScan } from './roles.ts';

const LAYER = 1;
const DICTIONARY = `blocks.${LAYER}.attn.hook_z`;

async function withSession(
  gpu: Gpu,
  work: (session: Session, dictionary: Dictionary, stop: () => void) => Promise<void>,
): Promise<void> {
  await withBundledSession(gpu, (session, stop) =>
    session.opened.withDictionaries([DICTIONARY], session.context, ([loaded]) =>
      work(session, loaded!.dictionary, stop),
    ),
  );
}

const quiet = { onProgress: () => {}, onPartial: () => {} };

export const cases = gpuCases('roles', {
  'attribution by source adds up to the activation; ablating every role is taking all of them from z': (
    gpu,
  ) =>
    withSession(gpu, async (session, dictionary) => {
      const { model } = session.opened;
      const { nHeads, dHead } = model.config;
      const scan = new RolesScan(session, dictionary, LAYER, {
        dictionary: DICTIONARY,
        corpus: { seed: 4, items: 2 },
      });
      await scan.read(() => {});
      await scan.group(() => {});
      const ids = scan.texts[1]!.ids as Uint32Array<ArrayBuffer>;
      const length = ids.length;
      const { codes, v, z, pattern } = await readLayer(model, dictionary, LAYER, ids);

      const row = length - 2;
      const features = [...codes.indices.subarray(codes.offsets[row], codes.offsets[row + 1])];
      const batch = gpu.batch('encoder rows');
      const { directions, constants } = dictionary.encoderRows(batch, features);
      const { arrays } = await batch.submit([directions, constants]);
      const sums = features.map((_, i) => {
        let sum = arrays[1]![i]!;
        for (let head = 0; head < nHeads; head++) {
          for (let s = 0; s <= row; s++) {
            for (let d = head * dHead; d < (head + 1) * dHead; d++)
              sum +=
                pattern[(head * length + row) * length + s]! *
                v[s * nHeads * dHead + d]! *
                arrays[0]![i * nHeads * dHead + d]!;
          }
        }
        return sum;
      });
      const activations = codes.values.subarray(codes.offsets[row], codes.offsets[row + 1]);
      expectClose(sums, activations, { absolute: 1e-4, relative: 1e-4 }, 'attribution');

      const { own, run, groups } = scan.heads[2]!;
      const columns = { width: nHeads * dHead, from: own.head * dHead };
      const text = { number: 1, length };
      const all = new Set(groups!.grouped);
      const delta = roleDelta(run, all, text, columns)!;
      // The same from the codes and W_dec as they are.
      const expected = new Float64Array(z.length);
      for (let t = 1; t < length; t++) {
        for (let entry = codes.offsets[t]!; entry < codes.offsets[t + 1]!; entry++) {
          const latent = own.weights.features.indexOf(codes.indices[entry]!);
          if (latent < 0) continue;
          for (let d = 0; d < dHead; d++)
            expected[t * columns.width + columns.from + d]! -=
              codes.values[entry]! * own.weights.decoder[latent * dHead + d]!;
        }
      }
      expectClose(delta, expected, { absolute: 1e-5 }, 'taken from z');
      const parts = new Float64Array(z.length);
      for (let role = 0; role < groups!.grouping.count; role++)
        roleDelta(run, latentsOf(groups!, role), text, columns)?.forEach((value, i) => (parts[i]! += value));
      expectClose(parts, expected, { absolute: 1e-5 }, 'role by role');

      const [clean, same, without] = await lossesWith(model, LAYER, ids, [new Float32Array(z.length), delta]);
      expectClose(same!, clean!, { absolute: 1e-5 }, 'nothing taken away');
      const edited = gpu.batch('edited');
      const given = z.map((value, i) => value + expected[i]!);
      const edits = new Map([[DICTIONARY, () => edited.input(given, [length, columns.width])]]);
      const { logits } = model.record(edited, { ids, logits: 'all', edits });
      const [values] = (await edited.submit([logits!])).arrays;
      const targets = Uint32Array.from(ids, (_, t) => ids[t + 1] ?? 0);
      const { logProb } = logProbGatherReference(values as Float32Array, targets);
      expectClose(
        without!,
        logProb.subarray(0, -1).map((x) => -x),
        { absolute: 1e-4 },
        'losses',
      );
      const moved = without!.reduce((most, loss, t) => Math.max(most, Math.abs(loss - clean![t]!)), 0);
      if (!(moved > 1e-3)) throw new Error(`ablation moved the loss by ${moved} only`);
    }),
  'a layer’s record is whole, comes in parts, and stops when asked': (gpu) =>
    withSession(gpu, async (session, _, stop) => {
      const partials: LayerRoles[] = [];
      const seen: Progress[] = [];
      const request = { dictionary: DICTIONARY, corpus: { seed: 4, items: 3 }, heads: [1, 4] };
      const layer = await findRoles(session, request, {
        onProgress: (progress) => seen.push(progress),
        onPartial: (partial) => partials.push(partial),
      });
      expectEqual([layer.layer, layer.items], [LAYER, 3], 'layer');
      expectEqual(
        layer.heads.map(({ head }) => head),
        [1, 4],
        'heads',
      );
      for (const [i, head] of layer.heads.entries()) {
        const weights = head.roles.reduce((sum, { weight }) => sum + weight, head.others.weight);
        expectClose([weights], [1], { absolute: 1e-9 }, 'weights');
        if (partials[0]!.heads[i]!.polysemantic !== 'unknown') throw new Error('known before ablations');
        if (typeof head.polysemantic !== 'boolean') throw new Error('unknown after ablations');
        const [first] = head.roles;
        if (!(first!.weight > 0.08) || Number.isNaN(first!.riseWithout[0]!)) throw new Error('not ablated');
        expectEqual([head.resampled.length], [200], 'resamples');
      }
      const phases = new Set(seen.map(({ what }) => what));
      if ([...phases].join() !== 'texts,groups,ablations') throw new Error([...phases].join());

      const refused = (changes: Partial<RolesRequest>, code: string): Promise<void> =>
        refusal(() => findRoles(session, { ...request, ...changes }, quiet), code);
      await refused({ heads: [6] }, 'bad-input');
      await refused({ corpus: { seed: 1, items: 0 } }, 'bad-input');
      await refused({ dictionary: 'blocks.2.hook_resid_pre' }, 'unsupported');
      const stopAtAblations = ({ what }: Progress): void => {
        if (what === 'ablations') stop();
      };
      await refusal(
        () => findRoles(session, request, { ...quiet, onProgress: stopAtAblations }),
        'cancelled',
      );
    }),
});
