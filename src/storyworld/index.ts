export { type GenerateOptions, generate, sample } from './generate.ts';
export { registers } from './registers/index.ts';
export { labelTokens } from './token-labels.ts';
export type { Item, Labels, LabelValue, RegisterId, Span, Task } from './types.ts';
