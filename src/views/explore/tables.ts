import type { Analysis, FeatureCard, ScanStatistics } from '../../engine/protocol.ts';
import type { FeatureRow } from '../../state/rows.ts';
import { positionOf } from '../../state/rows.ts';
import type { TableData } from '../shared/download.ts';
import type { Tinting } from './derived.ts';

const numberOrNone = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** Tokens with what tints them and their loss. */
export function stripTable(analysis: Analysis, { what, feature, features, values }: Tinting): TableData {
  const tinted = what !== 'loss' && what !== 'none';
  return {
    columns: ['position', 'token', 'id', ...(tinted ? ['feature', 'activation'] : []), 'loss, nats'],
    rows: analysis.tokens.map(({ text, id }, row) => {
      const behind = feature ?? features?.[row] ?? -1;
      return [
        positionOf(analysis, row),
        text,
        id,
        ...(tinted ? [behind >= 0 ? behind : null, values[row]!] : []),
        numberOrNone(analysis.loss[row]!),
      ];
    }),
  };
}

export function lossTable(analysis: Analysis): TableData {
  return {
    columns: ['position', 'token', 'loss, nats'],
    rows: analysis.tokens.map(({ text }, row) => [
      positionOf(analysis, row),
      text,
      numberOrNone(analysis.loss[row]!),
    ]),
  };
}

/** Most likely next tokens after a row. */
export function nextTable({ next }: Analysis, row: number): TableData {
  return {
    columns: ['rank', 'token', 'id', 'probability'],
    rows: Array.from({ length: next.n }, (_, rank) => {
      const at = row * next.n + rank;
      return [rank + 1, next.texts[at]!, next.ids[at]!, next.probs[at]!];
    }),
  };
}

export function featuresTable(rows: readonly FeatureRow[]): TableData {
  return {
    columns: ['feature', 'value at the token', 'sum', 'mean', 'max', 'contrast', 'share of sample tokens'],
    rows: rows.map(({ index, value, sum, mean, max, contrast, density }) => [
      index,
      value,
      sum,
      mean,
      max,
      contrast,
      density ?? null,
    ]),
  };
}

export function effectsTable({ promoted, suppressed }: FeatureCard): TableData {
  return {
    columns: ['direction', 'token', 'id', 'logit per unit'],
    rows: [
      ...promoted.map(({ text, id, logit }) => ['promoted', text, id, logit]),
      ...suppressed.map(({ text, id, logit }) => ['suppressed', text, id, logit]),
    ],
  };
}

export function neighboursTable({ neighbours }: FeatureCard): TableData {
  return {
    columns: ['feature', 'cosine of decoder rows'],
    rows: neighbours.map(({ index, cosine }) => [index, cosine]),
  };
}

/** The histogram of one feature’s positive values over many texts. */
export function histogramTable(feature: number, statistics: ScanStatistics | undefined): TableData {
  const columns = ['from', 'to', 'tokens'];
  if (!statistics) return { columns, rows: [] };
  const { bins, edges, histogram } = statistics;
  return {
    columns,
    rows: Array.from({ length: bins }, (_, bin) => [
      edges[bin]!,
      edges[bin + 1]!,
      histogram[feature * bins + bin]!,
    ]),
  };
}
