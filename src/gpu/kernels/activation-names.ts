import activationSource from '../../shaders/shared/activation.wgsl?raw';

/** Numbers the shaders know activations by. */
export const ACTIVATION_NUMBERS = { none: 0, relu: 1, gelu: 2, gelu_new: 3, silu: 4 } as const;

export type KernelActivation = keyof typeof ACTIVATION_NUMBERS;

/** Puts `fn activate` in front of a kernel. */
export function withActivations(source: string): string {
  return `${activationSource}\n${source}`;
}
