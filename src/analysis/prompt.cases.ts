import { loadDictionary } from '../dictionary/load.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { logProbGather } from '../gpu/kernels/log_prob_gather.ts';
import { inMemory } from '../library/random-access.ts';
import { SafetensorsReader } from '../library/safetensors.ts';
import randomConfig from '../model/goldens/gpt2-random/config.json';
import randomGolden from '../model/goldens/gpt2-random/golden.json';
import randomWeights from '../model/goldens/gpt2-random/model.safetensors?url';
import { Transformer } from '../model/transformer.ts';
import { FacetError } from '../shared/errors.ts';
import { gpuCases } from '../testing/cases.ts';
import { expectClose, expectEqual } from '../testing/close.ts';
import { TestRandom } from '../testing/random.ts';
import { MemoryTensors } from '../testing/tensors.ts';
import { directEffects } from './feature-card.ts';
import { replaceRows } from './interventions.ts';
import { analyzePrompt, type PromptOptions } from './prompt.ts';

const ids = Uint32Array.from(randomGolden.ids[20]);
const dModel = 36;
const dHead = 12;
const plain: PromptOptions = { nextTokens: 5, honesty: true, logits: 'none', captures: [] };

async function loadModel(gpu: Gpu): Promise<Transformer> {
  const response = await fetch(new URL(randomWeights, self.location.origin));
  const bytes = new Uint8Array(await response.arrayBuffer());
  return Transformer.load(gpu, randomConfig, await SafetensorsReader.open('model', inMemory(bytes)));
}

interface Weights {
  hook: string;
  dIn: number;
  dOut?: number;
  dSae: number;
  W_enc: Float32Array;
  b_enc?: Float32Array;
  W_dec: Float32Array;
  b_dec?: Float32Array;
  W_skip?: Float32Array;
  config?: object;
  metadata?: object;
}

function load(gpu: Gpu, given: Weights): Promise<Dictionary> {
  const { hook, dIn, dOut = dIn, dSae, W_enc, W_dec, W_skip } = given;
  const tensors = new MemoryTensors()
    .set('W_enc', W_enc, [dIn, dSae])
    .set('b_enc', given.b_enc ?? new Float32Array(dSae), [dSae])
    .set('W_dec', W_dec, [dSae, dOut])
    .set('b_dec', given.b_dec ?? new Float32Array(dOut), [dOut]);
  if (W_skip) tensors.set('W_skip', W_skip, [dOut, dIn]);
  const config = {
    d_in: dIn,
    d_sae: dSae,
    architecture: 'standard',
    ...given.config,
    metadata: { hook_name: hook, sae_lens_version: '6.54.12', ...given.metadata },
  };
  return loadDictionary(gpu, { id: hook, config, weights: tensors });
}

/** Latents for the positive and the negative part of every value: x̂ is x. */
function identity(hook: string, width: number, more: Partial<Weights> = {}): Weights {
  const W_dec = new Float32Array(2 * width * width);
  const W_enc = new Float32Array(2 * width * width);
  for (let i = 0; i < width; i++) {
    for (const [latent, sign] of [
      [i, 1],
      [width + i, -1],
    ] as const) {
      W_dec[latent * width + i] = sign;
      W_enc[i * 2 * width + latent] = sign;
    }
  }
  return { hook, dIn: width, dSae: 2 * width, W_enc, W_dec, ...more };
}

/** Mean loss over the judged positions when an edit is made, taken from a pass of its own. */
async function lossWith(
  model: Transformer,
  hook: string,
  edit: ReturnType<typeof replaceRows>,
): Promise<number> {
  const batch = model.gpu.batch('check');
  const { logits } = model.record(batch, { ids, logits: 'all', edits: new Map([[hook, edit]]) });
  const targets = new Uint32Array(ids.length);
  targets.set(ids.subarray(1));
  const { logProb } = logProbGather(batch, { logits: logits!, targets: batch.input(targets, [ids.length]) });
  const { arrays } = await batch.submit([logProb]);
  const judged = Array.from(arrays[0]!).slice(1, -1);
  return -judged.reduce((sum, value) => sum + value, 0) / judged.length;
}

export const cases = gpuCases('analysis of a prompt', {
  'logits in parts say what logits in one piece say': async (gpu) => {
    using model = await loadModel(gpu);
    using dictionary = await load(gpu, {
      ...identity('blocks.1.hook_resid_pre', dModel),
      b_dec: new TestRandom(1).normal(dModel),
    });
    for (const logits of ['none', 'last', 'all'] as const) {
      const options = { ...plain, logits, captures: ['blocks.1.hook_resid_post'] };
      const whole = await analyzePrompt(model, dictionary, ids, options);
      const before = { ...gpu.counters };
      const parts = await analyzePrompt(model, dictionary, ids, { ...options, mostLogitBytes: 4 * 61 * 3 });
      expectEqual(
        [gpu.counters.submissions - before.submissions, gpu.counters.readbacks - before.readbacks],
        [1, 1],
      );
      expectEqual(parts.next.ids, whole.next.ids, 'next tokens');
      expectClose(parts.next.probs, whole.next.probs, { relative: 1e-5 }, 'probabilities');
      expectClose(parts.loss, whole.loss, { relative: 1e-5 }, 'loss');
      expectEqual(parts.codes.indices, whole.codes.indices, 'features');
      expectClose(
        Object.values(parts.honesty!),
        Object.values(whole.honesty!),
        { relative: 1e-5, absolute: 1e-5 },
        'honesty',
      );
      expectEqual(
        [parts.logits?.data.length ?? 0],
        [logits === 'none' ? 0 : logits === 'last' ? 61 : 20 * 61],
      );
      expectEqual(parts.logits?.shape ?? [], whole.logits?.shape ?? []);
      expectClose(parts.logits?.data ?? [], whole.logits?.data ?? [], { absolute: 1e-4 }, 'logits');
    }
  },
  'a perfect reconstruction changes nothing, wherever it is put': async (gpu) => {
    using model = await loadModel(gpu);
    for (const given of [
      identity('hook_embed', dModel),
      identity('blocks.0.hook_resid_pre', dModel),
      identity('blocks.1.attn.hook_z', dModel),
      identity('blocks.0.hook_attn_out', dModel),
      identity('blocks.1.mlp.hook_post', 4 * dModel),
      identity('blocks.1.hook_mlp_out', dModel),
      identity('blocks.1.hook_resid_post', dModel),
      identity('blocks.0.attn.hook_z', dHead, { metadata: { hook_head_index: 1 } }),
      identity('blocks.1.hook_resid_pre', dModel, { config: { normalize_activations: 'layer_norm' } }),
      identity('blocks.1.hook_mlp_out', dModel, {
        metadata: { model_from_pretrained_kwargs: { center_writing_weights: true } },
      }),
    ]) {
      using dictionary = await load(gpu, given);
      const { honesty } = await analyzePrompt(model, dictionary, ids, plain);
      const { explainedVariance, ceClean, ceSpliced, kl, errorShare } = honesty!;
      expectClose([explainedVariance, errorShare, kl], [1, 0, 0], { absolute: 2e-4 }, given.hook);
      expectClose([ceSpliced], [ceClean], { absolute: 1e-4 }, given.hook);
    }
  },
  'one head is encoded, replaced and zeroed alone': async (gpu) => {
    using model = await loadModel(gpu);
    const hook = 'blocks.0.attn.hook_z';
    for (const head of [0, 2]) {
      using dictionary = await load(gpu, identity(hook, dHead, { metadata: { hook_head_index: head } }));
      const { codes, captures, honesty } = await analyzePrompt(model, dictionary, ids, {
        ...plain,
        captures: [hook],
      });
      const z = captures[hook]!.data;
      for (const t of [0, 7, 19]) {
        const [from, to] = [codes.offsets[t]!, codes.offsets[t + 1]!];
        for (let i = from; i < to; i++) {
          const latent = codes.indices[i]!;
          const value = z[t * dModel + head * dHead + (latent % dHead)]! * (latent < dHead ? 1 : -1);
          expectClose([codes.values[i]!], [value], { absolute: 1e-6 }, `token ${t} latent ${latent}`);
        }
        expectEqual([to - from], [dHead], 'every value is one latent’s');
      }
      const zeroed = await lossWith(model, hook, (batch, activation) => {
        const changed = batch.scratch(activation.shape);
        batch.copy(activation, changed);
        const none = batch.input(new Float32Array(dHead), [1, dHead]);
        for (let t = 1; t < ids.length; t++)
          batch.copy(none, changed, { toOffset: 4 * (t * dModel + head * dHead), size: 4 * dHead });
        return changed;
      });
      expectClose([honesty!.ceZero], [zeroed], { absolute: 1e-5 }, `without head ${head}`);
    }
  },
  'a transcoder is judged by what it writes, and spliced there': async (gpu) => {
    using model = await loadModel(gpu);
    const [hook, hookOut] = ['blocks.0.ln2.hook_normalized', 'blocks.0.hook_mlp_out'];
    const random = new TestRandom(4);
    const dSae = 50;
    const weights = {
      W_enc: random.normal(dModel * dSae, 0.2),
      b_enc: random.normal(dSae, 0.1),
      W_dec: random.normal(dSae * dModel, 0.2),
      b_dec: random.normal(dModel, 0.2),
      W_skip: random.normal(dModel * dModel, 0.2),
    };
    using dictionary = await load(gpu, {
      hook, dIn: dModel, dSae, ...weights,
      config: { architecture: 'skip_transcoder', d_out: dModel, apply_b_dec_to_input: false },
      metadata: { hook_name_out: hookOut },
    }); // oxfmt-ignore
    const { captures, honesty } = await analyzePrompt(model, dictionary, ids, {
      ...plain,
      captures: [hook, hookOut],
    });
    const [x, y] = [captures[hook]!.data, captures[hookOut]!.data];
    const written = new Float32Array(ids.length * dModel);
    for (let t = 0; t < ids.length; t++) {
      for (let i = 0; i < dModel; i++) {
        let sum = weights.b_dec[i]!;
        for (let j = 0; j < dModel; j++) sum += weights.W_skip[i * dModel + j]! * x[t * dModel + j]!;
        written[t * dModel + i] = sum;
      }
      for (let f = 0; f < dSae; f++) {
        let p = weights.b_enc[f]!;
        for (let j = 0; j < dModel; j++) p += weights.W_enc[j * dSae + f]! * x[t * dModel + j]!;
        const activation = Math.max(0, p);
        for (let i = 0; i < dModel; i++)
          written[t * dModel + i]! += activation * weights.W_dec[f * dModel + i]!;
      }
    }
    let [error, spread] = [0, 0];
    for (let i = 0; i < dModel; i++) {
      const column = Array.from({ length: ids.length - 1 }, (_, t) => y[(t + 1) * dModel + i]!);
      const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
      column.forEach((value, t) => {
        error += (value - written[(t + 1) * dModel + i]!) ** 2;
        spread += (value - mean) ** 2;
      });
    }
    expectClose([honesty!.explainedVariance], [1 - error / spread], { relative: 1e-4 }, 'explained variance');
    const spliced = replaceRows((batch) => batch.input(written, [ids.length, dModel]), 1);
    expectClose(
      [honesty!.ceSpliced],
      [await lossWith(model, hookOut, spliced)],
      { absolute: 1e-4 },
      'spliced',
    );
    expectClose(
      [honesty!.ceZero],
      [
        await lossWith(
          model,
          hookOut,
          replaceRows((batch, shape) => batch.input(new Float32Array(shape[0] * shape[1]), shape), 1),
        ),
      ],
      { absolute: 1e-5 },
      'zero',
    );
  },
  'direct effects of one head’s features go through its own part of W_O': async (gpu) => {
    using model = await loadModel(gpu);
    const hook = 'blocks.1.attn.hook_z';
    const random = new TestRandom(8);
    const rows = random.normal(3 * dHead);
    for (const head of [0, 2]) {
      using dictionary = await load(gpu, identity(hook, dHead, { metadata: { hook_head_index: head } }));
      const whole = new Float32Array(3 * dModel);
      for (let n = 0; n < 3; n++)
        whole.set(rows.subarray(n * dHead, (n + 1) * dHead), n * dModel + head * dHead);
      const batch = gpu.batch('effects');
      const effects = directEffects(batch, model, dictionary, batch.input(rows, [3, dHead]));
      const { arrays } = await batch.submit([
        effects!,
        model.directLogits(batch, hook, batch.input(whole, [3, dModel])),
      ]);
      expectEqual(arrays[0]!, arrays[1]!, `head ${head}`);
    }
    using elsewhere = await load(gpu, identity('blocks.1.ln2.hook_normalized', dModel));
    const batch = gpu.batch('effects');
    const none = directEffects(batch, model, elsewhere, batch.input(new Float32Array(dModel), [1, dModel]));
    batch.discard();
    if (none) throw new Error('effects of what does not add to the stream');
  },
  'an activation that cannot be replaced is read without being judged': async (gpu) => {
    using model = await loadModel(gpu);
    using dictionary = await load(gpu, identity('blocks.1.ln2.hook_normalized', dModel));
    const { codes, honesty } = await analyzePrompt(model, dictionary, ids, plain);
    expectEqual([honesty === undefined ? 1 : 0, codes.indices.length], [1, ids.length * dModel]);
  },
  'more active features than there was room for: read again, nothing left out': async (gpu) => {
    using model = await loadModel(gpu);
    const dSae = 1001;
    const random = new TestRandom(6);
    using dictionary = await load(gpu, {
      hook: 'blocks.1.hook_resid_pre',
      dIn: dModel,
      dSae,
      W_enc: random.normal(dModel * dSae, 0.01),
      b_enc: new Float32Array(dSae).fill(100),
      W_dec: random.normal(dSae * dModel),
    });
    const counted = async (): Promise<[number, number]> => {
      const before = gpu.counters.submissions;
      const { codes } = await analyzePrompt(model, dictionary, ids, plain);
      expectEqual(
        codes.offsets,
        Array.from({ length: ids.length + 1 }, (_, t) => t * dSae),
      );
      expectEqual(
        [...codes.indices.subarray(0, dSae)].sort((a, b) => a - b),
        Array.from({ length: dSae }, (_, f) => f),
      );
      return [gpu.counters.submissions - before, dictionary.room];
    };
    expectEqual(await counted(), [2, dSae], 'the first time');
    expectEqual(await counted(), [1, dSae], 'the second time');
  },
  'nothing active at all, and a text of one token': async (gpu) => {
    using model = await loadModel(gpu);
    using none = await load(gpu, {
      ...identity('blocks.1.hook_resid_pre', dModel),
      b_enc: new Float32Array(2 * dModel).fill(-1e9),
    });
    const { codes, honesty } = await analyzePrompt(model, none, ids, plain);
    expectEqual([codes.indices.length, honesty!.l0], [0, 0]);
    const one = await analyzePrompt(model, none, ids.slice(0, 1), plain);
    expectEqual([...one.codes.offsets], [0, 0]);
    using all = await load(gpu, identity('blocks.1.hook_resid_pre', dModel));
    const single = await analyzePrompt(model, all, ids.slice(0, 1), plain);
    expectEqual([single.codes.indices.length], [dModel]);
  },
  'room that no device has is refused with the numbers': async (gpu) => {
    const dSae = 2 ** 17;
    const weights = { W_enc: new Float32Array(4 * dSae), W_dec: new Float32Array(4 * dSae) };
    using dictionary = await load(gpu, { hook: 'hook_embed', dIn: 4, dSae, ...weights });
    let thrown: unknown;
    try {
      dictionary.makeRoom(100_000, 1_000_000);
    } catch (caught) {
      thrown = caught;
    }
    if (!(thrown instanceof FacetError) || thrown.code !== 'limits' || !thrown.message.includes('100000'))
      throw new Error(`got ${String(thrown)}`);
    expectEqual([dictionary.room], [512]);
  },
});
