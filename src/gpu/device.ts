import { FacetError } from '../shared/errors.ts';

/** What the caller is about to put on the device; turned into required limits, no more than asked for. */
export interface GpuNeeds {
  /** Largest single tensor in bytes (weights, logits or captures). */
  largestTensorBytes: number;
}

/** Which of the two devices runs the kernels: WGSL through WebGPU, or the processor. */
export type Backend = 'webgpu' | 'cpu';

/** What is asked for. `auto`: WebGPU on a real graphics card, else the processor. */
export type BackendChoice = 'auto' | Backend;

/** Why the processor computes: it was asked for, or what is in WebGPU's way here. */
export type CpuReason = 'asked' | 'software' | 'no-webgpu' | 'no-adapter' | 'insecure-context' | 'limits';

/** What runs underneath, in words a visitor can read and paste into a report. */
export interface AdapterDescription {
  backend: Backend;
  /** Of the processor alone. */
  reason?: CpuReason;
  vendor: string;
  architecture: string;
  description: string;
  /** True when the browser says so or the adapter names a known software renderer: correct, but slow. */
  software: boolean;
  features: string[];
  limits: {
    maxBufferSize: number;
    maxStorageBufferBindingSize: number;
    maxComputeWorkgroupStorageSize: number;
  };
}

export interface AcquiredDevice {
  device: GPUDevice;
  adapter: AdapterDescription;
}

const MOST_BYTES = 2 ** 32 - 4;
const OPTIONAL_FEATURES: GPUFeatureName[] = ['timestamp-query', 'subgroups'];

function describe(adapter: GPUAdapter): AdapterDescription {
  const { vendor, architecture, description } = adapter.info;
  const named = `${vendor} ${architecture} ${description}`.toLowerCase();
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = adapter.limits;
  return {
    backend: 'webgpu',
    vendor,
    architecture,
    description,
    software: adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/.test(named),
    features: [...adapter.features].sort(),
    limits: { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize },
  };
}

/** The browser's adapter and what there is to say about it. */
export interface FoundAdapter {
  adapter: GPUAdapter;
  description: AdapterDescription;
}

/**
 * The adapter WebGPU offers, with room for at least what `needs` asks for.
 * @throws FacetError `insecure-context`, `no-webgpu`, `no-adapter` or `limits`, each with what to do about it.
 */
export async function findAdapter(needs: GpuNeeds): Promise<FoundAdapter> {
  if (!globalThis.isSecureContext) {
    throw new FacetError('insecure-context', 'This address is not secure, so the browser hides WebGPU.', {
      hint: 'Open the page over https, or on localhost.',
    });
  }
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
  if (!gpu) {
    throw new FacetError('no-webgpu', 'This browser has no WebGPU.', {
      hint: 'Use Chrome or Edge 113 or newer, Safari 26 or newer, or Firefox 141 or newer on Windows.',
    });
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new FacetError('no-adapter', 'WebGPU is present, but the browser offers no graphics adapter.', {
      hint: 'Turn on hardware acceleration, update the graphics driver, or leave the remote desktop. On Linux, Chrome may need --enable-unsafe-webgpu.',
    });
  }
  const description = describe(adapter);
  const bytes = needs.largestTensorBytes;
  if (bytes > adapter.limits.maxStorageBufferBindingSize || bytes > adapter.limits.maxBufferSize) {
    const offered = Math.min(adapter.limits.maxStorageBufferBindingSize, adapter.limits.maxBufferSize);
    throw new FacetError(
      'limits',
      `This needs a GPU buffer of ${mebibytes(bytes)}; the adapter offers at most ${mebibytes(offered)}.`,
      { hint: 'Choose a smaller model or dictionary.' },
    );
  }
  return { adapter, description };
}

/** @throws FacetError `limits` when the adapter refuses */
export async function openDevice({ adapter, description }: FoundAdapter): Promise<AcquiredDevice> {
  // The model is not known yet, and a device cannot grow: take what there is room for, up to what 32-bit indices reach.
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const requiredLimits = {
    maxStorageBufferBindingSize: Math.min(maxStorageBufferBindingSize, MOST_BYTES),
    maxBufferSize: Math.min(maxBufferSize, MOST_BYTES),
  };
  const requiredFeatures = OPTIONAL_FEATURES.filter((feature) => adapter.features.has(feature));
  try {
    const device = await adapter.requestDevice({ requiredFeatures, requiredLimits, label: 'facet' });
    return { device, adapter: description };
  } catch (cause) {
    throw new FacetError('limits', 'The adapter refused to give a device.', {
      hint: 'Close other pages that use the GPU, then reload.',
      detail: String(cause),
      cause,
    });
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(0)} MiB`;
}
