// As much of these packages as is used here: they are installed by `npm run bench -- peers` only, not when types are checked.

declare module '@jax-js/jax' {
  /** A method or function takes its arguments over; `ref` keeps one for later. */
  export interface Array {
    readonly ref: Array;
    readonly shape: number[];
    add(other: Array | number): Array;
    mul(other: Array | number): Array;
    reshape(shape: number[]): Array;
    transpose(perm?: number[]): Array;
    slice(...index: (number | [] | [number, number])[]): Array;
    data(): Promise<Float32Array | Int32Array>;
    dispose(): void;
  }
  export const DType: { Float32: string; Int32: string };
  export const numpy: {
    array(values: Float32Array | Int32Array, options?: { shape?: number[]; dtype?: string }): Array;
    matmul(a: Array, b: Array): Array;
    einsum(subscripts: string, ...operands: Array[]): Array;
    take(a: Array, indices: Array, axis: number): Array;
    concatenate(parts: Array[], axis: number): Array;
    mean(a: Array, axis: number, options: { keepdims: boolean }): Array;
    square(a: Array): Array;
    sqrt(a: Array): Array;
    reciprocal(a: Array): Array;
  };
  export const nn: {
    relu(x: Array): Array;
    silu(x: Array): Array;
    gelu(x: Array, options: { approximate: boolean }): Array;
    standardize(x: Array, axis: number, options: { epsilon: number }): Array;
    dotProductAttention(q: Array, k: Array, v: Array, options: { scale: number; isCausal: boolean }): Array;
  };
  export const lax: { topK(x: Array, k: number): [Array, Array] };
  export function jit<Arguments extends Array[]>(
    f: (...inputs: Arguments) => Array[],
  ): ((...inputs: Arguments) => Array[]) & { dispose(): void };
  export function init(...devices: string[]): Promise<string[]>;
  export function defaultDevice(device: string): string;
}

declare module '@tensorflow/tfjs-core' {
  export interface Tensor {
    readonly shape: number[];
    data(): Promise<Float32Array | Int32Array>;
    dispose(): void;
  }
  export function setBackend(name: string): Promise<boolean>;
  export function ready(): Promise<void>;
  export function tidy<Result>(work: () => Result): Result;
  export function keep(x: Tensor): Tensor;
  export function tensor(
    values: Float32Array | Int32Array,
    shape: readonly number[],
    dtype?: 'int32',
  ): Tensor;
  export function scalar(value: number): Tensor;
  export function add(a: Tensor, b: Tensor): Tensor;
  export function sub(a: Tensor, b: Tensor): Tensor;
  export function mul(a: Tensor, b: Tensor): Tensor;
  export function tanh(x: Tensor): Tensor;
  export function sigmoid(x: Tensor): Tensor;
  export function square(x: Tensor): Tensor;
  export function rsqrt(x: Tensor): Tensor;
  export function relu(x: Tensor): Tensor;
  export function mean(x: Tensor, axis: number, keepDims: boolean): Tensor;
  export function sum(x: Tensor, axis: number): Tensor;
  export function softmax(x: Tensor): Tensor;
  export function matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  export function reshape(x: Tensor, shape: readonly number[]): Tensor;
  export function transpose(x: Tensor, perm: readonly number[]): Tensor;
  export function slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  export function concat(parts: Tensor[], axis: number): Tensor;
  export function split(x: Tensor, sizes: number[], axis: number): Tensor[];
  export function gather(x: Tensor, indices: Tensor): Tensor;
  export function scatterND(indices: Tensor, updates: Tensor, shape: readonly number[]): Tensor;
  export function topk(x: Tensor, k: number, sorted: boolean): { values: Tensor; indices: Tensor };
  export const fused: {
    matMul(options: {
      a: Tensor;
      b: Tensor;
      transposeB?: boolean;
      bias?: Tensor;
      activation?: 'relu';
    }): Tensor;
  };
}

declare module '@tensorflow/tfjs-backend-webgpu' {}
