export { type GenerateOptions, generate, sample, SEED_LIMIT } from './generate.ts';
export { type LabelInfo, type LabelUse, labels } from './labels.ts';
export { Rng } from './rng.ts';
export { registers } from './registers/index.ts';
export type { Item, Labels, LabelValue, RegisterId, Span, Task } from './types.ts';
