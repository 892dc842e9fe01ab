import { segmentPositions } from '../attention/segment-mask.ts';
import type { Batch } from '../gpu/batch.ts';
import { add } from '../gpu/kernels/add.ts';
import { embed } from '../gpu/kernels/embed.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { attentionLayer } from './attention-layer.ts';
import type { ModelConfig } from './config.ts';
import { mlpLayer } from './mlp-layer.ts';
import { Pass } from './pass.ts';
import type { RecordedRun, RunPlan } from './run-plan.ts';
import { logitsOf } from './unembed.ts';
import type { Weights } from './weights.ts';

/**
 * Records one forward pass. Fused steps (bias, activation and residual inside a matmul) are taken apart only where a hook
 * in between is captured or edited.
 * @throws FacetError `bad-input` for an empty or too long input, an id outside the vocabulary, or an unknown hook
 */
export function recordForward(
  batch: Batch,
  config: ModelConfig,
  weights: Weights,
  plan: RunPlan,
): RecordedRun {
  const pass = new Pass(batch, config, weights, plan);
  let residual = plan.resume?.residual ?? embedding(pass);
  for (let layer = pass.firstLayer; layer < config.nLayers; layer++) {
    if (!pass.needed(`blocks.${layer}.hook_resid_pre`)) break;
    residual = oneBlock(pass, layer, residual);
  }
  let logits: Tensor | undefined;
  if (pass.needed('ln_final.hook_scale')) logits = ending(pass, residual);
  else pass.release(residual);
  pass.finish();
  return { captures: pass.captures, logits };
}

function embedding(pass: Pass): Tensor {
  const { batch, weights, plan, config } = pass;
  batch.scope('embed');
  const ids = batch.input(plan.ids, [pass.length]);
  const { parts: tokens } = weights.matrix('embed.W_E');
  const positions = weights.find('pos_embed.W_pos');
  const { embedScale: scale } = config;
  const apart =
    pass.segments ||
    pass.touches('hook_embed') ||
    pass.touches('hook_pos_embed') ||
    positions?.dtype !== tokens[0]!.dtype;
  let residual: Tensor;
  if (positions && !apart) {
    residual = embed(batch, { ids, tokens, positions, positionOffset: pass.offset, scale });
  } else {
    residual = pass.point('hook_embed', embed(batch, { ids, tokens, positionOffset: pass.offset, scale }));
    if (positions) {
      const embedded = residual;
      const placed = pass.point('hook_pos_embed', placesOf(pass, positions));
      residual = add(batch, { a: embedded, b: placed });
      pass.release(embedded, placed);
    }
  }
  batch.release(ids);
  return residual;
}

/** @param table [n_ctx, d_model] @returns scratch [T, d_model] its row of every position of the pass */
function placesOf({ batch, length, offset, segments }: Pass, table: Tensor): Tensor {
  const positions = segments
    ? segmentPositions(segments)
    : Uint32Array.from({ length }, (_, row) => offset + row);
  const ids = batch.input(positions, [length]);
  const places = embed(batch, { ids, tokens: table, positionOffset: 0 });
  batch.release(ids);
  return places;
}

function oneBlock(pass: Pass, layer: number, input: Tensor): Tensor {
  const { parallel } = pass.config;
  const name = (hook: string): string => `blocks.${layer}.${hook}`;
  const before = pass.point(name('hook_resid_pre'), input);
  if (!pass.needed(name('ln1.hook_scale'))) return before;
  pass.batch.scope(name('attn'));
  const attended = attentionLayer(pass, layer, before);
  if (!parallel && attended !== before) pass.release(before);
  const middle = parallel ? attended : pass.point(name('hook_resid_mid'), attended);
  if (!pass.needed(name('hook_mlp_in'))) return middle;
  pass.batch.scope(name('mlp'));
  const after = mlpLayer(pass, layer, parallel ? before : middle, middle);
  if (after !== middle) pass.release(middle);
  if (parallel) pass.release(before);
  return pass.point(name('hook_resid_post'), after);
}

function ending(pass: Pass, residual: Tensor): Tensor | undefined {
  const { batch, weights, plan, config } = pass;
  batch.scope('unembed');
  const normalized = pass.norm('ln_final', residual);
  pass.release(residual);
  let logits: Tensor | undefined;
  if (plan.logits === 'all' || plan.logits === 'last') {
    let rows = normalized;
    if (plan.logits === 'last' && pass.length > 1) {
      const size = config.dModel * 4;
      rows = batch.scratch([1, config.dModel]);
      batch.copy(normalized, rows, { fromOffset: (pass.length - 1) * size, size });
    }
    logits = logitsOf(batch, config, weights, rows);
    if (rows !== normalized) batch.release(rows);
  }
  pass.release(normalized);
  return logits;
}
