import { fmaChainKernel } from '../../kernels/fma_chain.ts';
import { streamCopyKernel } from '../../kernels/stream_copy.ts';
import { cpuKernel } from '../kernel.ts';

export const streamCopy = cpuKernel(streamCopyKernel, ({ tensors }) => tensors.y.f32.set(tensors.x.f32));

export const fmaChain = cpuKernel(fmaChainKernel, ({ dims, tensors, overrides }) => {
  const [x, y] = [tensors.x.f32, tensors.y.f32];
  const { factor, term } = dims;
  for (let i = 0; i < y.length; i++) {
    let sum = 0;
    for (let chain = 0; chain < overrides['chains']!; chain++) {
      let v = x[i]! + chain;
      for (let step = 0; step < 8 * dims.steps; step++) v = Math.fround(factor * v + term);
      sum += v;
    }
    y[i] = sum;
  }
});
