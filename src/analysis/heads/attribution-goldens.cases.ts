import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Transformer } from '../../model/transformer.ts';
import { bundledDictionary, bundledModel } from '../../testing/bundled.ts';
import { gpuCases } from '../../testing/cases.ts';
import { expectClose } from '../../testing/close.ts';
import { type GoldenArray, goldenValues } from '../../testing/golden.ts';
import { attributeFeature } from './attribution.ts';
import type { HeadStep } from './attribution-path.ts';
import goldens from './goldens/attribution.json';
import { readRows } from './rows.ts';

interface Step extends HeadStep {
  value: number;
  names: string[];
  values: GoldenArray;
}

/** As `training/goldens_heads.py` writes it. */
interface Golden {
  ids: number[];
  row: number;
  layer: number;
  latent: number;
  activation: number;
  constant: number;
  pattern: GoldenArray;
  z: GoldenArray;
  byHead: GoldenArray;
  dfa: GoldenArray;
  trail: Step[];
}

const direct = <Result>(work: () => Promise<Result>): Promise<Result> => work();
const close = { relative: 1e-4 };

async function check(model: Transformer, dictionary: Dictionary, golden: Golden): Promise<void> {
  const { row, layer, latent: feature, trail } = golden;
  const ids = Uint32Array.from(golden.ids);
  const what = `layer ${layer} latent ${feature}`;
  const hook = `blocks.${layer}.attn.hook_z`;
  const plan = { ids, rows: [{ hook, row }], patterns: [{ layer, row }], values: [] };
  using rows = await readRows(model, plan, direct);
  expectClose(rows.pattern(layer, row), goldenValues(golden.pattern), close, `${what} pattern`);
  expectClose(rows.row(hook, row), goldenValues(golden.z), close, `${what} z`);
  const asked = { dictionary, feature, row, ids, upstream: [] };
  const top = await attributeFeature(model, { ...asked, steps: [] }, direct);
  expectClose(top.heads!.matrix, goldenValues(golden.dfa), close, `${what} by head and source`);
  expectClose(top.heads!.byHead, goldenValues(golden.byHead), close, `${what} by head`);
  const { activation, constant, preActivation } = top.feature!;
  expectClose(
    [activation, preActivation],
    [golden.activation, golden.activation],
    close,
    `${what} activation`,
  );
  expectClose([constant], [golden.constant], close, `${what} constant`);
  for (let depth = 1; depth <= trail.length; depth++) {
    const steps = trail.slice(0, depth).map(({ layer: of, head, source }) => ({ layer: of, head, source }));
    const record = await attributeFeature(model, { ...asked, steps }, direct);
    const { names, values, value } = trail[depth - 1]!;
    const found = names.map((name) => record.components!.find((each) => each.what === name)?.value ?? NaN);
    if (record.components!.length !== names.length) throw new Error(`${what}: other components`);
    expectClose(found, goldenValues(values), close, `${what} step ${depth}`);
    expectClose([record.value], [value], close, `${what} step ${depth} as a whole`);
  }
}

export const cases = gpuCases('attribution of the bundled model', {
  'pattern, z, heads, rows and two steps inward agree with transformer-lens and sae-lens': async (gpu) => {
    using model = await bundledModel(gpu);
    for (let layer = 0; layer < model.config.nLayers; layer++) {
      using dictionary = await bundledDictionary(gpu, `blocks.${layer}.attn.hook_z`);
      for (const golden of goldens.filter((each) => each.layer === layer))
        await check(model, dictionary, golden);
    }
  },
});
