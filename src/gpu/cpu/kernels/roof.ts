import { fmaChainKernel } from '../../kernels/fma_chain.ts';
import { streamCopyKernel } from '../../kernels/stream_copy.ts';
import { cpuKernel } from '../kernel.ts';

export const streamCopy = cpuKernel(streamCopyKernel, ({ tensors }) => tensors.y.f32.set(tensors.x.f32));

export const fmaChain = cpuKernel(fmaChainKernel, ({ dims, tensors, overrides, wasm }) => {
  const { n4, steps, factor, term } = dims;
  wasm.fmaChain(tensors.x.ptr, tensors.y.ptr, n4, 8 * steps, factor, term, overrides['chains']!);
});
