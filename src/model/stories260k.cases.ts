import type { Gpu } from '../gpu/gpu.ts';
import { topKRows } from '../gpu/kernels/topk_rows.ts';
import { gpuCases, type Skipped } from '../testing/cases.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { openUrl } from '../testing/family-goldens.ts';
import { Transformer } from './transformer.ts';

// A real pretrained model that lies beside the repository where it is developed, and is not part of it.
const json = import.meta.glob<unknown>('../../../shared/models/stories260K/{config,golden}.json', {
  import: 'default',
});
const weights = import.meta.glob<string>('../../../shared/models/stories260K/model.safetensors', {
  query: '?url',
  import: 'default',
});

interface Golden {
  ids: number[];
  logits_last: number[];
  logits_rowsum: number[];
  /** [n_layers + 1][T] of each block's input, and of the last one's output. */
  resid_norms: number[][];
  greedy_ids: number[];
}

async function withModel(
  gpu: Gpu,
  check: (model: Transformer, golden: Golden) => Promise<void>,
): Promise<void | Skipped> {
  const [address] = Object.values(weights);
  const [config, golden] = ['config', 'golden'].map(
    (name) => Object.entries(json).find(([path]) => path.endsWith(`${name}.json`))?.[1],
  );
  if (!address || !config || !golden) return { skipped: 'there is no ../shared/models/stories260K' };
  using model = await Transformer.load(gpu, await config(), await openUrl('stories260K', await address()));
  await check(model, (await golden()) as Golden);
}

export const cases = gpuCases('stories260K', {
  'logits and residual norms of an independent float64 pass': (gpu) =>
    withModel(gpu, async (model, golden) => {
      const { nLayers } = model.config;
      const hooks = Array.from({ length: nLayers }, (_, l) => `blocks.${l}.hook_resid_pre`);
      hooks.push(`blocks.${nLayers - 1}.hook_resid_post`);
      const batch = gpu.batch('stories');
      const ids = Uint32Array.from(golden.ids);
      const { captures, logits } = model.record(batch, { ids, captures: hooks, logits: 'all' });
      const { arrays } = await batch.submit([logits!, ...hooks.map((hook) => captures.get(hook)!)]);
      const width = model.config.dVocab;
      expectClose(arrays[0]!.slice(-width), golden.logits_last, { absolute: 1e-3 }, 'last logits');
      const rows = (values: ArrayLike<number>, size: number): number[][] =>
        golden.ids.map((_, t) => Array.from(values).slice(t * size, (t + 1) * size));
      const sums = rows(arrays[0]!, width).map((row) => row.reduce((sum, value) => sum + value, 0));
      expectClose(sums, golden.logits_rowsum, { absolute: 0.02, relative: 1e-5 }, 'sums of logits');
      golden.resid_norms.forEach((norms, i) => {
        const ours = rows(arrays[i + 1]!, model.config.dModel).map((row) => Math.hypot(...row));
        expectClose(ours, norms, { relative: 1e-4 }, hooks[i]);
      });
    }),
  'greedy continuation, token for token': (gpu) =>
    withModel(gpu, async (model, golden) => {
      const expected = golden.greedy_ids;
      // One pass over the whole shows the choice after every prefix, since none sees what follows it.
      const batch = gpu.batch('stories');
      const { logits } = model.record(batch, { ids: Uint32Array.from(expected), logits: 'all' });
      const { arrays } = await batch.submit([
        topKRows(batch, { x: logits!, k: 1, order: 'largest' }).indices,
      ]);
      const from = 5; // `<s>` and the four tokens of `greedy_from`
      expectEqual(arrays[0]!.slice(from - 1, -1), expected.slice(from), 'greedy ids');
    }),
});
