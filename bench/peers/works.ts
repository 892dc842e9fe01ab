import {
  type BenchWorkload,
  dictionaryTensors,
  residualStream,
  seededModels,
  sparseCodes,
  tensorValues,
  tokenIds,
} from '../../src/engine/bench/workloads.ts';
import { seededValues, seedOf } from '../../src/engine/bench/seeded.ts';
import { describeModel } from '../../src/model/describe.ts';
import { openUrl } from '../../src/testing/family-goldens.ts';
import type { Contender, Ways } from './contender.ts';
import { fusedQkv } from './program.ts';
import { Checkpoint } from './weights.ts';

/** How a contender can do the work; undefined where it cannot. */
export type Offer = (contender: Contender) => Ways | undefined;

/** Makes a workload's inputs, once for everyone. */
export async function inputsOf({ shape }: BenchWorkload): Promise<Offer> {
  switch (shape.kind) {
    case 'block':
    case 'forward':
    case 'step': {
      const { json, checkpoint: own } = await modelOf(shape.model);
      const { config } = describeModel(json);
      const checkpoint = fusedQkv(config, own);
      const width = config.nKvHeads * config.dHead;
      const rows = shape.kind === 'step' ? shape.context : 0;
      const kept = (name: string) => seededValues(seedOf(name), rows * width);
      const work = {
        json,
        config,
        checkpoint,
        ids: tokenIds(shape.kind === 'step' ? 1 : shape.tokens, config.dVocab),
        ...(shape.kind === 'block' && { residual: residualStream(shape.tokens, config.dModel) }),
        ...(shape.kind === 'step' && {
          cache: {
            rows,
            layers: config.layers.map((_, layer) => ({
              k: kept(`keys ${layer}`),
              v: kept(`values ${layer}`),
            })),
          },
        }),
      };
      return (contender) => contender.model?.(work);
    }
    case 'encode':
    case 'encoder-matmul': {
      const { tokens, dIn: d, dSae: latents } = shape;
      const k = shape.kind === 'encode' ? shape.k : 0;
      const { W_enc, b_enc } = dictionaryTensors(d, latents);
      const work = {
        tokens, d, latents, k,
        x: residualStream(tokens, d), wEnc: tensorValues(W_enc), bEnc: tensorValues(b_enc),
      }; // oxfmt-ignore
      return (contender) => (shape.kind === 'encode' ? contender.encode?.(work) : contender.matmul?.(work));
    }
    case 'decode': {
      const { tokens, dIn: d, dSae: latents, k } = shape;
      const { W_dec, b_dec } = dictionaryTensors(d, latents);
      const work = {
        tokens,
        d,
        latents,
        k,
        ...sparseCodes(shape),
        wDec: tensorValues(W_dec),
        bDec: tensorValues(b_dec),
      };
      return (contender) => contender.decode?.(work);
    }
    case 'steer':
    case 'attention':
      return (contender) => contender.own?.(shape);
  }
}

async function modelOf(
  name: 'open' | keyof typeof seededModels,
): Promise<{ json: unknown; checkpoint: Checkpoint }> {
  if (name !== 'open') {
    const seeded = seededModels[name]();
    return { json: seeded.config, checkpoint: Checkpoint.seeded(seeded) };
  }
  const folder = '/models/storyworld-2m';
  const response = await fetch(`${folder}/config.json`);
  const file = await openUrl(name, `${folder}/model.safetensors`);
  return { json: await response.json(), checkpoint: await Checkpoint.from(file) };
}
