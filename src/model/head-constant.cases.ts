import { gpuCases } from '../testing/cases.ts';
import { expectClose } from '../testing/close.ts';
import { familyConfig, familyTensors, openUrl } from '../testing/family-goldens.ts';
import type { TensorReader } from '../shared/tensor-file.ts';
import gpt2Config from './goldens/gpt2-random/config.json';
import gpt2Weights from './goldens/gpt2-random/model.safetensors?url';
import { headConstant } from './head-constant.ts';
import { Transformer } from './transformer.ts';

const read = async (file: TensorReader, name: string): Promise<Float32Array> =>
  new Float32Array((await file.read(name)).slice().buffer);

export const cases = gpuCases('constant of heads', {
  'GPT-2: b_V + b_ln1 · W_V of the file': async (gpu) => {
    const file = await openUrl('gpt2', gpt2Weights);
    using model = await Transformer.load(gpu, gpt2Config, file);
    const d = model.config.dModel;
    for (const layer of [0, 1]) {
      const [b, w, ln] = await Promise.all(
        ['attn.c_attn.bias', 'attn.c_attn.weight', 'ln_1.bias'].map((name) =>
          read(file, `transformer.h.${layer}.${name}`),
        ),
      );
      const expected = Float32Array.from({ length: d }, (_, i) =>
        ln!.reduce((sum, value, j) => sum + value * w![j * 3 * d + 2 * d + i]!, b![2 * d + i]!),
      );
      if (!expected.some((value) => Math.abs(value) > 1e-3)) throw new Error('the file has no biases');
      expectClose(await headConstant(model, `blocks.${layer}.attn.hook_z`), expected, { absolute: 1e-5 });
    }
  },
  'GPT-NeoX: q, k, v of each head in turn': async (gpu) => {
    const file = await familyTensors('gpt_neox');
    using model = await Transformer.load(gpu, familyConfig('gpt_neox'), file);
    const { dModel: d, dHead } = model.config;
    const at = 'gpt_neox.layers.1';
    const [b, w, ln] = await Promise.all(
      ['attention.query_key_value.bias', 'attention.query_key_value.weight', 'input_layernorm.bias'].map(
        (name) => read(file, `${at}.${name}`),
      ),
    );
    const expected = Float32Array.from({ length: d }, (_, i) => {
      const row = (3 * Math.floor(i / dHead) + 2) * dHead + (i % dHead);
      return ln!.reduce((sum, value, j) => sum + value * w![row * d + j]!, b![row]!);
    });
    expectClose(await headConstant(model, 'blocks.1.attn.hook_z'), expected, { absolute: 1e-5 });
  },
  'without biases it is nothing, for every head': async (gpu) => {
    using model = await Transformer.load(gpu, familyConfig('llama'), await familyTensors('llama'));
    const { nHeads, dHead } = model.config;
    expectClose(await headConstant(model, 'blocks.0.attn.hook_z'), new Float32Array(nHeads * dHead), {
      absolute: 0,
    });
  },
});
