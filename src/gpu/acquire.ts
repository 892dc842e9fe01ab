import type { GpuNeeds } from './device.ts';
import type { Gpu } from './gpu.ts';
import { WebGpu } from './webgpu/web-gpu.ts';

/** @throws FacetError `insecure-context`, `no-webgpu`, `no-adapter` or `limits`, each with what to do about it. */
export function acquireGpu(needs: GpuNeeds): Promise<Gpu> {
  return WebGpu.acquire(needs);
}
