import { FacetError } from '../../shared/errors.ts';
import { bundledEngine } from '../../testing/bundled-engine.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose, expectEqual } from '../../testing/close.ts';
import type { AttributionRecord, AttributionRequest, TrailStep } from '../protocol.ts';

const text = 'When Mary and John went to the store, John gave a drink to Mary.';
const nothing = (): void => {};

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

function expectSums({ value, heads, components = [], upstream = [], residue }: AttributionRecord): void {
  const rest = sum(residue.map((each) => each.value));
  const sums = [
    ...(heads ? [sum(heads.matrix)] : [sum(components.map((each) => each.value)) + rest]),
    ...upstream.map(
      ({ features, others, error, bias, later }) =>
        sum(features.map((each) => each.value)) + others + error + bias + later + rest,
    ),
  ];
  if (residue.some(({ what }) => what === 'rounding')) throw new Error('does not add up');
  for (const found of sums)
    expectClose([found], [value], { absolute: 1e-4 * Math.max(1, Math.abs(value)) }, 'sum of parts');
}

/** The largest of some parts, as the step into it. */
function largest(values: ArrayLike<number>, layer: number, length: number): TrailStep {
  const sizes = Array.from(values, Math.abs);
  const at = sizes.indexOf(Math.max(...sizes));
  return { kind: 'head', layer, head: Math.floor(at / length), source: at % length };
}

export const cases = gpuCases('attribution by the engine', {
  'from a feature on z through heads to an upstream feature, and on from there': async () => {
    const engine = await bundledEngine();
    const dictionary = 'blocks.3.attn.hook_z';
    const [middle, below] = ['blocks.2.hook_resid_pre', 'blocks.1.attn.hook_z'];
    await engine.useDictionary(dictionary, 2, nothing);
    const { codes, tokens } = await engine.analyze({ text, windowStart: 0 }, 3);
    const row = tokens.length - 2;
    const entry = codes.offsets[row]!;
    const ask = async (trail: TrailStep[], upstream?: string[]): Promise<AttributionRecord> => {
      const request: AttributionRequest = {
        text, windowStart: 0, dictionary, feature: codes.indices[entry]!, row, trail, upstream,
      }; // oxfmt-ignore
      const record = await engine.heads.attribute(request, 4);
      expectSums(record);
      return record;
    };
    const top = await ask([]);
    expectClose([top.feature!.activation], [codes.values[entry]!], { relative: 1e-5 }, 'activation');
    expectClose([top.feature!.preActivation], [codes.values[entry]!], { relative: 1e-4 }, 'pre-activation');
    const step = largest(top.heads!.matrix, 3, tokens.length);
    const split = await ask([step], [middle, below, 'blocks.3.hook_resid_post']);
    expectEqual([split.layer, split.upstream!.length], [3, 2], 'what comes later is left out');
    const [stream, heads] = split.upstream!;
    const { index, activation } = stream!.features[0]!;
    const onward = await ask([step, { kind: 'feature', dictionary: middle, feature: index }]);
    expectEqual([onward.row], ['source' in step ? step.source : NaN]);
    expectClose([onward.feature!.activation], [activation], { relative: 1e-4 }, 'the upstream feature');
    if (onward.hook !== middle || onward.components!.every(({ kind }) => kind !== 'head'))
      throw new Error('the upstream feature is not split by what wrote it');
    const first = heads!.features[0]!;
    const z = await ask([step, { kind: 'feature', dictionary: below, feature: first.index }]);
    expectClose([z.feature!.activation], [first.activation], { relative: 1e-4 }, 'a feature of z below');
    expectEqual([z.layer, z.heads ? 1 : 0], [1, 1]);
    // Nothing of this changes what is current.
    expectEqual((await engine.analyze({ text, windowStart: 0 }, 5)).codes.indices, codes.indices);
  },
  'shares of heads of a dictionary on z': async () => {
    const engine = await bundledEngine();
    const { heads, layer, shares } = await engine.heads.shares('blocks.1.attn.hook_z', 2);
    expectEqual([heads, layer, shares.length], [6, 1, 6 * 1024]);
    const sums = Array.from({ length: 1024 }, (_, latent) =>
      sum(shares.subarray(6 * latent, 6 * latent + 6)),
    );
    expectClose(sums, new Float32Array(1024).fill(1), { absolute: 1e-5 }, 'sum over heads');
  },
  'a request that makes no sense is refused': async () => {
    const engine = await bundledEngine();
    const request: AttributionRequest = {
      text, windowStart: 0, dictionary: 'blocks.3.attn.hook_z', feature: 3, row: 4, trail: [],
    }; // oxfmt-ignore
    const step: TrailStep = { kind: 'head', layer: 3, head: 0, source: 1 };
    for (const change of [
      { row: -1 },
      { row: 1e6 },
      { feature: 0.5 },
      { feature: 1024 },
      { trail: Array.from({ length: 17 }, () => step) },
      { trail: [{ ...step, source: 5 }] },
      { trail: [{ kind: 'sideways' }] },
      { upstream: Array.from({ length: 9 }, () => 'blocks.3.attn.hook_z') },
    ]) {
      const thrown = await engine.heads.attribute({ ...request, ...change } as AttributionRequest, 2).then(
        () => 'nothing',
        (caught: unknown) => caught,
      );
      if (!(thrown instanceof FacetError) || thrown.code !== 'bad-input')
        throw new Error(`${JSON.stringify(change)}: ${String(thrown)}`);
    }
  },
});
