import type { WorkloadShape } from '../../src/engine/bench/workloads.ts';
import type { Backend } from '../../src/gpu/device.ts';
import type { ModelConfig } from '../../src/model/config.ts';
import type { Checkpoint, Values } from './weights.ts';

/** Where something computes: ratios are taken within a kind. */
export type Kind = Backend;

/** The backends of ours that are measured. */
export const KINDS: readonly Kind[] = ['webgpu', 'cpu'];

/** Part of a forward pass, the same for everyone. */
export interface ModelWork {
  /** Contents of `config.json`, and what they mean. */
  json: unknown;
  config: ModelConfig;
  /** Tensors by the names the family's checkpoints have, q, k and v of Llama also as one (`fusedQkv`). */
  checkpoint: Checkpoint;
  /** New tokens. */
  ids: Uint32Array<ArrayBuffer>;
  /** [T, d_model]: begin here, before the first block, and end after the last one, without the final norm. */
  residual?: Values;
  /** Keys and values [rows, n_kv_heads · d_head] of the rows before `ids`, as attention uses them, a layer. */
  cache?: { rows: number; layers: { k: Values; v: Values }[] };
}

export interface EncodeWork {
  tokens: number;
  d: number;
  latents: number;
  k: number;
  /** [tokens, d], [d, latents], [latents] */
  x: Values;
  wEnc: Values;
  bEnc: Values;
}

export interface DecodeWork {
  tokens: number;
  d: number;
  latents: number;
  k: number;
  /** [tokens, k] of both; [latents, d], [d] */
  indices: Uint32Array<ArrayBuffer>;
  values: Values;
  wDec: Values;
  bDec: Values;
}

/** What is compared: numbers, for codes [tokens, k] with the latents they belong to. */
export interface Answer {
  values: ArrayLike<number>;
  codes?: { indices: ArrayLike<number>; k: number };
}

/** Something uploaded, compiled and ready to be run again and again. */
export interface Prepared {
  /** The whole result; undefined where it was held against something better than others' answers already. */
  answer(): Promise<Answer | undefined>;
  /** What is timed: all of the work, and a readback of the small result (the last row, or the codes). */
  run(): Promise<unknown>;
  dispose(): void;
}

/** The same work as several graphs: the fastest of those that give the right answer counts. */
export type Ways = Readonly<Record<string, () => Promise<Prepared>>>;

/** A library, or a backend of ours, that can be asked to do the work; what it cannot do it leaves out. */
export interface Contender {
  name: string;
  kind: Kind;
  ours: boolean;
  /** It runs what the workload stands beside, not the workload. */
  part?: boolean;
  model?(work: ModelWork): Ways;
  encode?(work: EncodeWork): Ways;
  /** x · W_enc + b_enc of the same work. */
  matmul?(work: EncodeWork): Ways;
  decode?(work: DecodeWork): Ways;
  /** Work only ours can do, as the page's suite does it. */
  own?(shape: WorkloadShape): Ways;
  dispose(): void;
}
