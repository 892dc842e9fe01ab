import type { Analysis, AttributionRecord, UpstreamSplit } from '../../../engine/protocol.ts';
import type { TableData } from '../../shared/download.ts';
import { type HeadLine, headName, type Part } from './derive.ts';

/** One line a token, one column a head. */
export function matrixTable(
  { tokens }: Analysis,
  lines: readonly HeadLine[],
  columns: number,
  positionOf: (row: number) => number,
): TableData {
  return {
    columns: ['position', 'token', ...lines.map((line) => `head ${headName(line)}`)],
    rows: tokens
      .slice(0, columns)
      .map(({ text }, row) => [positionOf(row), text, ...lines.map(({ bySource }) => bySource[row]!)]),
  };
}

export function sourcesTable(
  { tokens }: Analysis,
  values: Float32Array,
  last: number,
  positionOf: (row: number) => number,
): TableData {
  return {
    columns: ['position', 'token', 'contribution'],
    rows: tokens.slice(0, last + 1).map(({ text }, row) => [positionOf(row), text, values[row]!]),
  };
}

export function partsTable(parts: readonly Part[], what: string): TableData {
  return { columns: [what, 'contribution'], rows: parts.map((part) => [part.what, part.value]) };
}

export function upstreamTable(
  { features, others, error, bias, later }: UpstreamSplit,
  residue: AttributionRecord['residue'],
): TableData {
  return {
    columns: ['part', 'feature', 'activation', 'contribution'],
    rows: [
      ...features.map(({ index, activation, value }) => ['feature', index, activation, value]),
      ['other features', null, null, others],
      ['error', null, null, error],
      ['constant', null, null, bias],
      ['the rest of the stream', null, null, later],
      ...residue.map(({ what, value }) => [`residue: ${what}`, null, null, value]),
    ],
  };
}
