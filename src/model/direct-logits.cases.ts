import type { Gpu } from '../gpu/gpu.ts';
import { embed } from '../gpu/kernels/embed.ts';
import { matmulReference } from '../gpu/reference/matmul.ts';
import { scaleColumnsReference } from '../gpu/reference/scale_columns.ts';
import { toFloat32 } from '../shared/dtype.ts';
import { FacetError } from '../shared/errors.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose } from '../testing/close.ts';
import { familyConfig, familyTensors, openUrl } from '../testing/family-goldens.ts';
import { TestRandom } from '../testing/random.ts';
import gpt2Config from './goldens/gpt2-random/config.json';
import gpt2Weights from './goldens/gpt2-random/model.safetensors?url';
import { hookWidth, parseHook } from './hooks.ts';
import { Transformer } from './transformer.ts';
import { unembedding } from './unembed.ts';

const ROWS = 3;

/** How one family's file names what the direct path passes, and which way its matrices lie. */
interface Path {
  centre: boolean;
  plus: number;
  layout: 'kn' | 'nk';
  gain: string;
  head: string;
  matrices: Record<string, { matrix: string; norm?: string }>;
}

const llama: Path = {
  centre: false,
  plus: 0,
  layout: 'nk',
  gain: 'model.norm.weight',
  head: 'lm_head.weight',
  matrices: {
    'attn.hook_z': { matrix: 'model.layers.1.self_attn.o_proj.weight' },
    'mlp.hook_post': { matrix: 'model.layers.1.mlp.down_proj.weight' },
  },
};
const PATHS: Record<string, Path> = {
  gpt2: {
    centre: true,
    plus: 0,
    layout: 'kn',
    gain: 'transformer.ln_f.weight',
    head: 'transformer.wte.weight',
    matrices: {
      'attn.hook_z': { matrix: 'transformer.h.1.attn.c_proj.weight' },
      'mlp.hook_post': { matrix: 'transformer.h.1.mlp.c_proj.weight' },
    },
  },
  llama,
  gemma2: {
    ...llama,
    plus: 1,
    head: 'model.embed_tokens.weight',
    matrices: {
      'attn.hook_z': {
        matrix: 'model.layers.1.self_attn.o_proj.weight',
        norm: 'model.layers.1.post_attention_layernorm.weight',
      },
      'mlp.hook_post': {
        matrix: 'model.layers.1.mlp.down_proj.weight',
        norm: 'model.layers.1.post_feedforward_layernorm.weight',
      },
    },
  },
};

async function check(gpu: Gpu, name: string, path: Path): Promise<void> {
  const file = name === 'gpt2' ? await openUrl(name, gpt2Weights) : await familyTensors(name);
  const config: unknown = name === 'gpt2' ? gpt2Config : familyConfig(name);
  using model = await Transformer.load(gpu, config, file);
  const values = async (tensor: string, plus = 0): Promise<Float32Array> =>
    toFloat32(await file.read(tensor), file.info(tensor)!.dtype).map((value) => value + plus);
  const { dModel, dVocab, embedScale } = model.config;
  for (const hook of ['hook_resid_pre', 'hook_attn_out', 'hook_mlp_out', 'attn.hook_z', 'mlp.hook_post']) {
    const full = `blocks.1.${hook}`;
    const width = hookWidth(parseHook(full, model.config), model.config)!;
    const directions = new TestRandom(width).normal(ROWS * width);
    const batch = gpu.batch('direct');
    const tokens = [0, dVocab - 1];
    const { parts } = model.weights.matrix(unembedding(model.weights));
    const ids = batch.input(Uint32Array.from(tokens), [tokens.length]);
    const { arrays } = await batch.submit([
      model.directLogits(batch, full, batch.input(directions, [ROWS, width])),
      model.directBack(batch, full, embed(batch, { ids, tokens: parts, positionOffset: 0 })),
    ]);
    let x: ArrayLike<number> = directions;
    const through = path.matrices[hook];
    if (through) {
      const shape = { rows: ROWS, k: width, n: dModel, layout: path.layout };
      x = matmulReference(x, await values(through.matrix), shape);
      if (through.norm) x = scaleColumnsReference(x, await values(through.norm, path.plus), path.centre);
    }
    x = scaleColumnsReference(x, await values(path.gain, path.plus), path.centre);
    const expected = matmulReference(x, await values(path.head), {
      rows: ROWS,
      k: dModel,
      n: dVocab,
      layout: 'nk',
    });
    expectClose(arrays[0]!, expected, { relative: 1e-5 }, `${name} ${full} (embedding × ${embedScale})`);
    // The way back from a token gives the same logits.
    const back = arrays[1] as Float32Array;
    const found = tokens.flatMap((_, i) =>
      Array.from({ length: ROWS }, (__, row) =>
        directions
          .subarray(row * width, (row + 1) * width)
          .reduce((sum, value, c) => sum + value * back[i * width + c]!, 0),
      ),
    );
    const logits = tokens.flatMap((token) =>
      Array.from({ length: ROWS }, (_, row) => expected[row * dVocab + token]!),
    );
    expectClose(found, logits, { relative: 1e-5 }, `${name} ${full}, the way back`);
  }
}

export const cases = gpuCases('direct logits', {
  'what a direction does to the logits, hook by hook, against plain arithmetic': async (gpu) => {
    for (const [name, path] of Object.entries(PATHS)) await check(gpu, name, path);
  },
  'through a final norm of scale 1 they are the change of the logits': async (gpu) => {
    // Residuals a small direction to either side, normed and unembedded, against its direct effect over the scale.
    using model = await Transformer.load(gpu, gpt2Config, await openUrl('gpt2', gpt2Weights));
    const { dModel } = model.config;
    const base = new TestRandom(1).normal(dModel, 100);
    const direction = new TestRandom(2).normal(dModel);
    // At right angles to the centred residual, so that its norm does not change to first order.
    const mean = (x: Float32Array) => x.reduce((sum, value) => sum + value, 0) / x.length;
    const centred = base.map((value) => value - mean(base));
    const along = centred.reduce((sum, value, i) => sum + value * (direction[i]! - mean(direction)), 0);
    const square = centred.reduce((sum, value) => sum + value * value, 0);
    const turned = direction.map((value, i) => value - (along / square) * centred[i]!);
    const batch = gpu.batch('direct');
    const both = new Float32Array(2 * dModel);
    both.set(base.map((value, i) => value - turned[i]!));
    both.set(
      base.map((value, i) => value + turned[i]!),
      dModel,
    );
    const logits = model.unembed(batch, batch.input(both, [2, dModel]), 0, 2);
    const effects = model.directLogits(
      batch,
      'blocks.1.hook_resid_post',
      batch.input(new Float32Array(turned), [1, dModel]),
    );
    const { arrays } = await batch.submit([logits, effects]);
    const width = model.config.dVocab;
    const scale = Math.sqrt(square / dModel);
    const change = Array.from(
      { length: width },
      (_, i) => ((arrays[0]![width + i]! - arrays[0]![i]!) * scale) / 2,
    );
    expectClose(change, arrays[1]!, { relative: 1e-3 }, 'change of the logits');
  },
  'hooks that do not add to the residual stream are refused': async (gpu) => {
    using model = await Transformer.load(gpu, familyConfig('gemma2'), await familyTensors('gemma2'));
    for (const hook of [
      'blocks.0.attn.hook_q',
      'blocks.0.mlp.hook_pre',
      'blocks.0.hook_mlp_in',
      'ln_final.hook_normalized',
    ]) {
      const batch = gpu.batch('direct');
      let code = '';
      try {
        model.directLogits(batch, hook, batch.input(new Float32Array(24), [1, 24]));
      } catch (thrown) {
        code = thrown instanceof FacetError ? thrown.code : String(thrown);
      }
      batch.discard();
      if (code !== 'unsupported') throw new Error(`${hook}: ${code || 'accepted'}`);
    }
  },
});
