import { FacetError } from '../../shared/errors.ts';
import type { Dispatch, KernelTiming, Outcome, ReadArray, Recording, Step } from '../batch.ts';
import type { DeviceBuffer } from '../tensor.ts';
import type { CompiledKernel, WebGpu } from './web-gpu.ts';

const UNIFORM_STRIDE = 256; // minUniformBufferOffsetAlignment is at most this on every adapter
/** A query set holds at most 4,096 timestamps. */
export const MAX_TIMED = 2_048;

/**
 * One command buffer, one submission and, when something is read, one staging buffer and one map.
 * @throws FacetError `out-of-memory`, `device-lost`, or `bug` for what WebGPU calls invalid
 */
export async function submit(gpu: WebGpu, { label, steps, reads }: Recording): Promise<Outcome> {
  const { device } = gpu;
  const dispatches = steps.flatMap((step) => ('dispatch' in step ? [step.dispatch] : []));
  const timed = gpu.profiling && gpu.canTime && dispatches.length > 0 && dispatches.length <= MAX_TIMED;
  const readBytes = reads.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  const timingBytes = timed ? dispatches.length * 16 : 0;
  const alignedReads = Math.ceil(readBytes / 8) * 8;
  const total = alignedReads + timingBytes;
  // A submission that fails must not pass for one that ran: its staging buffer would hold older numbers.
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  const uniforms = writeUniforms(device, dispatches);
  const queries = timed
    ? device.createQuerySet({ type: 'timestamp', count: dispatches.length * 2 })
    : undefined;
  const resolved = timed
    ? device.createBuffer({
        size: timingBytes,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      })
    : undefined;
  const staging = total > 0 ? gpu.staging.take(total) : undefined;
  const encoder = device.createCommandEncoder({ label });
  encode(device, encoder, { label, steps, uniforms, queries });
  if (staging) {
    let offset = 0;
    for (const tensor of reads) {
      if (tensor.byteLength > 0)
        encoder.copyBufferToBuffer(webGpuBuffer(tensor.buffer), 0, staging, offset, tensor.byteLength);
      offset += tensor.byteLength;
    }
    if (queries && resolved) {
      encoder.resolveQuerySet(queries, 0, dispatches.length * 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, alignedReads, timingBytes);
    }
  }
  device.queue.submit([encoder.finish()]);
  const faults = Promise.all([device.popErrorScope(), device.popErrorScope()]);
  try {
    const mapped = staging?.mapAsync(GPUMapMode.READ, 0, total);
    // Awaited together, so that a failed map is never left unhandled while the scopes are read.
    const [scopes, map] = await Promise.allSettled([faults, mapped]);
    const found = scopes.status === 'fulfilled' ? scopes.value.filter((error) => error !== null) : [];
    if (found.length > 0) throw failure(gpu, label, found);
    if (map.status === 'rejected') {
      throw new FacetError('device-lost', 'The GPU stopped before the result could be read.', {
        detail: String(map.reason),
        cause: map.reason,
      });
    }
    if (!staging) return { arrays: [], timings: [] };
    const bytes = staging.getMappedRange(0, total);
    let offset = 0;
    const arrays = reads.map((tensor): ReadArray => {
      const own = bytes.slice(offset, offset + tensor.byteLength);
      offset += tensor.byteLength;
      return tensor.dtype === 'u32' ? new Uint32Array(own) : new Float32Array(own);
    });
    const timings = timed ? readTimings(bytes.slice(alignedReads), dispatches) : [];
    staging.unmap();
    gpu.staging.give(staging);
    return { arrays, timings };
  } catch (thrown) {
    if (staging) gpu.staging.destroy(staging);
    throw thrown;
  } finally {
    uniforms?.destroy();
    resolved?.destroy();
    queries?.destroy();
  }
}

function failure(gpu: WebGpu, label: string, errors: readonly GPUError[]): FacetError {
  const detail = errors.map(({ message }) => message).join('; ');
  if (errors.some((error) => error instanceof GPUOutOfMemoryError) || gpu.takeOutOfMemory()) {
    return new FacetError('out-of-memory', 'The GPU has no room for this.', {
      hint: 'Shorten the text, or close other pages that use the GPU.',
      detail,
    });
  }
  return new FacetError('bug', `${label}: ${detail}`);
}

/** A buffer that this device made: it makes no others. */
function webGpuBuffer(buffer: DeviceBuffer): GPUBuffer {
  return buffer as GPUBuffer;
}

function writeUniforms(device: GPUDevice, dispatches: readonly Dispatch[]): GPUBuffer | undefined {
  if (dispatches.length === 0) return undefined;
  const view = new DataView(new ArrayBuffer(dispatches.length * UNIFORM_STRIDE));
  dispatches.forEach(({ kernel, dims }, slot) => {
    let at = slot * UNIFORM_STRIDE;
    for (const [name, type] of Object.entries(kernel.dims)) {
      if (type === 'f32') view.setFloat32(at, dims[name]!, true);
      else if (type === 'i32') view.setInt32(at, dims[name]!, true);
      else view.setUint32(at, dims[name]!, true);
      at += 4;
    }
  });
  const buffer = device.createBuffer({
    size: view.byteLength,
    usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, view);
  return buffer;
}

function encode(
  device: GPUDevice,
  encoder: GPUCommandEncoder,
  {
    label,
    steps,
    uniforms,
    queries,
  }: {
    label: string;
    steps: readonly Step[];
    uniforms: GPUBuffer | undefined;
    queries: GPUQuerySet | undefined;
  },
): void {
  let pass: GPUComputePassEncoder | undefined;
  let index = 0;
  for (const step of steps) {
    if ('copy' in step) {
      pass?.end();
      pass = undefined;
      const { from, fromOffset, to, toOffset, size } = step.copy;
      encoder.copyBufferToBuffer(webGpuBuffer(from), fromOffset, webGpuBuffer(to), toOffset, size);
      continue;
    }
    if (queries) {
      // One pass per dispatch, so that each has a start and an end of its own.
      pass?.end();
      pass = encoder.beginComputePass({
        timestampWrites: {
          querySet: queries,
          beginningOfPassWriteIndex: index * 2,
          endOfPassWriteIndex: index * 2 + 1,
        },
      });
    }
    pass ??= encoder.beginComputePass({ label });
    const { pipeline, layout } = step.dispatch.program as CompiledKernel;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup(device, layout, step.dispatch, uniforms!), [index * UNIFORM_STRIDE]);
    pass.dispatchWorkgroups(...step.dispatch.groups);
    index += 1;
  }
  pass?.end();
}

function bindGroup(
  device: GPUDevice,
  layout: GPUBindGroupLayout,
  { tensors }: Dispatch,
  uniforms: GPUBuffer,
): GPUBindGroup {
  return device.createBindGroup({
    layout,
    entries: [
      { binding: 0, resource: { buffer: uniforms, offset: 0, size: UNIFORM_STRIDE } },
      // The tensor's own bytes: a pooled buffer may be larger than one binding may be.
      ...tensors.map(({ buffer, byteLength }, index) => ({
        binding: index + 1,
        resource: {
          buffer: webGpuBuffer(buffer),
          size: Math.min(buffer.size, Math.max(16, Math.ceil(byteLength / 16) * 16)),
        },
      })),
    ],
  });
}

function readTimings(bytes: ArrayBuffer, dispatches: readonly Dispatch[]): KernelTiming[] {
  const stamps = new BigUint64Array(bytes);
  return dispatches.map(({ timing }, index) => ({
    ...timing,
    gpuMs: Number(stamps[index * 2 + 1]! - stamps[index * 2]!) / 1e6,
  }));
}
