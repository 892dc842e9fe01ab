import { activate } from '../gpu/kernels/activation.ts';
import type { HeadView } from '../gpu/kernels/attention.ts';
import { gatedActivation } from '../gpu/kernels/gated_activation.ts';
import { sliceColumns } from '../gpu/kernels/slice_columns.ts';
import type { Tensor } from '../gpu/tensor.ts';
import { linear } from './linear.ts';
import type { Pass } from './pass.ts';

/**
 * What the MLP adds to the residual stream, added.
 * @param x [T, d_model] what the MLP reads, not released
 * @param residual [T, d_model] what its output is added to, not released; x itself unless attention runs in parallel
 * @returns scratch [T, d_model], or `residual` itself, added to; see `Pass.project`
 */
export function mlpLayer(pass: Pass, layer: number, x: Tensor, residual: Tensor): Tensor {
  const { batch, config } = pass;
  const name = (hook: string): string => `blocks.${layer}.${hook}`;
  let input = x;
  if (pass.touches(name('hook_mlp_in'))) {
    // Apart from the stream: an edit here reaches the MLP only.
    const copy = batch.scratch(x.shape);
    batch.copy(x, copy);
    input = pass.point(name('hook_mlp_in'), copy);
  }
  const normalized = pass.point(name('mlp.hook_in'), pass.norm(name('ln2'), input));
  if (input !== x) pass.release(input);
  const inner = config.gated ? gatedInner(pass, name, normalized) : plainInner(pass, name, normalized);
  pass.release(normalized);
  const names = { hook: name('hook_mlp_out'), matrix: name('mlp.W_out'), norm: name('ln2_post') };
  return pass.project(names, pass.point(name('mlp.hook_post'), inner), residual);
}

type Name = (hook: string) => string;

function plainInner(pass: Pass, name: Name, x: Tensor): Tensor {
  const { batch, weights } = pass;
  const { activation } = pass.config;
  const hook = name('mlp.hook_pre');
  if (!pass.touches(hook)) return linear(batch, weights, name('mlp.W_in'), { x, activation });
  const before = pass.point(hook, linear(batch, weights, name('mlp.W_in'), { x }));
  const inner = activate(batch, { x: before, activation });
  pass.release(before);
  return inner;
}

function gatedInner(pass: Pass, name: Name, x: Tensor): Tensor {
  const { batch, weights } = pass;
  const { activation, dMlp: width } = pass.config;
  const fused = linear(batch, weights, name('mlp.W_gate_in'), { x });
  const view = (offset: number): HeadView => ({ tensor: fused, rowStride: 2 * width, offset });
  const apart: Tensor[] = [];
  const seen = (hook: string, from: number): HeadView => {
    if (!pass.touches(hook)) return view(from);
    const tensor = pass.point(hook, sliceColumns(batch, { x: fused, from, count: width }));
    apart.push(tensor);
    return { tensor, rowStride: width, offset: 0 };
  };
  const gate = seen(name('mlp.hook_pre'), 0);
  const up = seen(name('mlp.hook_pre_linear'), width);
  const inner = gatedActivation(batch, { gate, up, width, activation });
  pass.release(fused, ...apart);
  return inner;
}
