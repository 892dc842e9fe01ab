import type { BackendChoice, FolderReference, Inspection } from '../engine/protocol.ts';

/** What the command line asks of the headless page. */
export interface HeadlessRequest {
  text: string;
  model: string | FolderReference;
  dictionary?: string | FolderReference | null;
  /** Features and next tokens to print per position. */
  top: number;
  logits: 'none' | 'last' | 'all';
  captures: string[];
  storage: 'file' | 'f16' | 'f32';
  backend: BackendChoice;
}

export type HeadlessJob = { analyze: HeadlessRequest } | { inspect: FolderReference };

/**
 * What `facet analyze` prints. Positions count from 0, which is the beginning-of-text token of models that read one. `loss[i]` is −ln p(token i + 1 |
 * tokens 0 … i), nats: one fewer than tokens, because nothing predicts the first. `next` follows the last token.
 */
export interface HeadlessResult {
  model: { id: string; family: string; digest: string; parameters: number };
  dictionary: { id: string; hook: string; digest: string; dSae: number; k: number } | null;
  tokens: { id: number; text: string }[];
  loss: number[];
  next: { id: number; text: string; prob: number }[];
  features: { index: number; value: number }[][];
  logits?: number[][];
  captures?: Record<string, { shape: number[]; data: number[] }>;
  /** What was cut or replaced, in words. */
  notes: string[];
}

/** A failure in plain data, so that it survives the way out of the page. */
export type HeadlessAnswer =
  | { ok: true; result: HeadlessResult | Inspection }
  | { ok: false; error: { code: string; message: string; hint?: string } };

declare global {
  var facetHeadless: ((job: HeadlessJob) => Promise<HeadlessAnswer>) | undefined;
}
