import type { AttentionPattern } from '../pattern.ts';
import { causal } from './causal.ts';

/** Every attention pattern; adding one is a file here and a line in this list. */
export const patterns: readonly AttentionPattern[] = [causal];
