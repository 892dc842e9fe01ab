import { FacetError } from '../shared/errors.ts';
import {
  type BackendChoice,
  type CpuReason,
  findAdapter,
  type FoundAdapter,
  type GpuNeeds,
} from './device.ts';
import type { Gpu } from './gpu.ts';
import { WebGpu } from './webgpu/web-gpu.ts';

const REASONS: readonly string[] = ['no-webgpu', 'no-adapter', 'insecure-context', 'limits'];

/** Fetched only where it is used: a visitor with a graphics card needs none of it. */
async function processor(reason: CpuReason): Promise<Gpu> {
  const { CpuGpu } = await import('./cpu/cpu-gpu.ts');
  return CpuGpu.open(reason);
}

/**
 * A device of the backend that is asked for, as far as it is there: where WebGPU is not, or is too small, the processor
 * computes, and where the processor cannot, a software adapter of WebGPU does.
 * @param choice `webgpu` takes whatever adapter there is
 * @throws FacetError `no-webgpu`, `no-adapter`, `insecure-context` or `limits` where neither is there; `network` when the
 *   kernels for the processor do not load
 */
export async function acquireGpu(needs: GpuNeeds, choice: BackendChoice): Promise<Gpu> {
  if (choice === 'cpu') {
    return processor('asked').catch((thrown: unknown) => {
      if (FacetError.from(thrown).code !== 'unsupported') throw thrown;
      return WebGpu.acquire(needs);
    });
  }
  let found: FoundAdapter | undefined;
  let refused: FacetError | undefined;
  try {
    found = await findAdapter(needs);
    if (choice === 'webgpu' || !found.description.software) return await WebGpu.open(found);
  } catch (thrown) {
    refused = FacetError.from(thrown);
    if (!REASONS.includes(refused.code)) throw refused;
  }
  try {
    return await processor(refused ? (refused.code as CpuReason) : 'software');
  } catch (thrown) {
    const { code, hint } = FacetError.from(thrown);
    if (code !== 'unsupported') throw thrown;
    if (found && !refused) return WebGpu.open(found);
    // What is asked for less is the way out: more browsers have SIMD than WebGPU.
    throw refused ? new FacetError(refused.code, refused.message, { hint, cause: refused }) : thrown;
  }
}
