export { type GenerateOptions, generate, sample, SEED_LIMIT } from './generate.ts';
export { registers } from './registers/index.ts';
export type { Item, Labels, LabelValue, RegisterId, Span, Task } from './types.ts';
