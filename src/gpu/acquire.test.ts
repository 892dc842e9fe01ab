import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import { acquireGpu } from './acquire.ts';
import type { BackendChoice } from './device.ts';

const NEEDS = { largestTensorBytes: 2 ** 24 };

const adapterOf = ({ description = '', bytes = 2 ** 30 }) => ({
  info: { vendor: 'acme', architecture: 'x1', description, isFallbackAdapter: false },
  limits: {
    maxBufferSize: bytes,
    maxStorageBufferBindingSize: bytes,
    maxComputeWorkgroupStorageSize: 2 ** 14,
  },
  features: new Set<string>(),
  requestDevice: () => Promise.resolve({ lost: new Promise(() => {}), features: new Set(), limits: {} }),
});

/** A browser whose WebGPU gives this adapter; with `undefined`, one without WebGPU. */
function browser(adapter: object | null | undefined): void {
  const gpu = adapter === undefined ? undefined : { requestAdapter: () => Promise.resolve(adapter) };
  vi.stubGlobal('navigator', { gpu });
}

beforeEach(() => {
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('GPUBufferUsage', { MAP_READ: 1, COPY_DST: 8, COPY_SRC: 4, STORAGE: 128 });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const acquired = async (choice: BackendChoice): Promise<string> => {
  try {
    const { adapter } = await acquireGpu(NEEDS, choice);
    return [adapter.backend, adapter.reason].filter(Boolean).join(', ');
  } catch (thrown) {
    return FacetError.from(thrown).code;
  }
};
const noSimd = (): unknown => vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);

test('a graphics card computes, unless the processor is asked for', async () => {
  browser(adapterOf({}));
  expect(await acquired('auto')).toBe('webgpu');
  expect(await acquired('webgpu')).toBe('webgpu');
  expect(await acquired('cpu')).toBe('cpu, asked');
});

test('a software adapter computes only where it is asked for', async () => {
  browser(adapterOf({ description: 'SwiftShader' }));
  expect(await acquired('auto')).toBe('cpu, software');
  expect(await acquired('webgpu')).toBe('webgpu');
});

test.each(['auto', 'webgpu'] as const)(
  'without a usable WebGPU the processor computes, and says why: %s',
  async (choice) => {
    browser(undefined);
    expect(await acquired(choice)).toBe('cpu, no-webgpu');
    browser(null);
    expect(await acquired(choice)).toBe('cpu, no-adapter');
    browser(adapterOf({ bytes: 2 ** 20 }));
    expect(await acquired(choice)).toBe('cpu, limits');
    vi.stubGlobal('isSecureContext', false);
    expect(await acquired(choice)).toBe('cpu, insecure-context');
  },
);

test('where the processor cannot, a software adapter does, or the page says what is missing', async () => {
  noSimd();
  browser(adapterOf({ description: 'SwiftShader' }));
  expect(await acquired('auto')).toBe('webgpu');
  expect(await acquired('cpu')).toBe('webgpu');
  browser(undefined);
  expect(await acquired('auto')).toBe('no-webgpu');
});
