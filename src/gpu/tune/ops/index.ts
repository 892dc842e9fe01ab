import type { TunedOp } from '../op.ts';
import { attentionOp } from './attention.ts';
import { decodeOp } from './decode.ts';
import { encodeOp } from './encode.ts';
import { matmulOp } from './matmul.ts';

export const TUNED_OPS: readonly TunedOp[] = [matmulOp, encodeOp, attentionOp, decodeOp];
