import weightsBf16 from '../shaders/shared/weights_bf16.wgsl?raw';
import weightsF16 from '../shaders/shared/weights_f16.wgsl?raw';
import weightsF32 from '../shaders/shared/weights_f32.wgsl?raw';
import type { WeightDType } from './tensor.ts';

const READERS: Record<WeightDType, string> = { f32: weightsF32, f16: weightsF16, bf16: weightsBf16 };

/**
 * What the host knows of one WGSL file. Binding 0 is the uniform `Dims`, written from `dims` in order; storage
 * bindings follow in the order of `tensors`. A unit test holds every spec against its shader by reflection.
 */
export interface KernelSpec<D extends string = string, T extends string = string> {
  /** Stem of the shader file, of its wrapper and of its reference. */
  name: string;
  /** Empty for a kernel that only the processor has. */
  source: string;
  /** Scalars of `struct Dims`, each 4 bytes, in the shader's order. */
  dims: Readonly<Record<D, 'u32' | 'i32' | 'f32'>>;
  /** Storage bindings in order. `weights` may be f32 or packed f16 or bf16: the shader reads them through `w4()`. */
  tensors: Readonly<Record<T, 'read' | 'write' | 'weights'>>;
  /** Names of pipeline-overridable constants a caller may set, with their defaults. */
  overrides?: Readonly<Record<string, number>>;
  /** What the device must offer; the shader's text is given the directive. */
  needs?: 'subgroups';
}

export function defineKernel<D extends string, T extends string>(spec: KernelSpec<D, T>): KernelSpec<D, T> {
  return spec;
}

/** A kernel made concrete: which storage type its weights have and which constants are overridden. */
export interface Variant {
  weights?: WeightDType;
  overrides?: Readonly<Record<string, number>>;
}

export function variantKey(kernel: KernelSpec, variant: Variant): string {
  const overrides = Object.entries(variant.overrides ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  return [kernel.name, variant.weights ?? 'f32', ...overrides].join(' ');
}

/** The text handed to the compiler: `w4()` for the weights' storage type, then the kernel. */
export function shaderText(kernel: KernelSpec, variant: Variant): string {
  const usesWeights = Object.values(kernel.tensors).includes('weights');
  const parts = [usesWeights ? READERS[variant.weights ?? 'f32'] : '', kernel.source];
  // A directive comes before everything else.
  if (kernel.needs) parts.unshift(`enable ${kernel.needs};`);
  return parts.filter(Boolean).join('\n');
}
