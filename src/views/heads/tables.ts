import type { AblatedText, Analysis, HeadCircuits, TokenPair } from '../../engine/protocol.ts';
import type { Measure } from '../../state/head-measures.ts';
import { positionOf } from '../../state/rows.ts';
import type { TableData } from '../shared/download.ts';

const numberOrNone = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** Every head with everything measured of it. */
export function measuresTable(measures: readonly Measure[], nHeads: number): TableData {
  const count = measures[0]?.values.length ?? 0;
  return {
    columns: [
      'layer',
      'head',
      ...measures.flatMap(({ id, unit, spread }) => {
        const name = unit ? `${id}, ${unit}` : id;
        return spread ? [name, `${id}, standard deviation`] : [name];
      }),
    ],
    rows: Array.from({ length: count }, (_, at) => [
      Math.floor(at / nHeads),
      at % nHeads,
      ...measures.flatMap(({ values, spread }) =>
        spread ? [numberOrNone(values[at]), numberOrNone(spread[at])] : [numberOrNone(values[at])],
      ),
    ]),
  };
}

/** The whole pattern, a line a query. */
export function patternTable(values: Float32Array, analysis: Analysis): TableData {
  const { tokens } = analysis;
  const count = tokens.length;
  return {
    columns: ['position', 'query', ...tokens.map(({ text }, key) => `${positionOf(analysis, key)}: ${text}`)],
    rows: tokens.map(({ text }, row) => [
      positionOf(analysis, row),
      text,
      // What comes later is hidden from a query.
      ...Array.from(values.subarray(row * count, (row + 1) * count), (value, key) =>
        key > row ? null : value,
      ),
    ]),
  };
}

/** Numbers of one token with every other: what it looks at, or what looks at it. */
export function rowTable(values: Float32Array, analysis: Analysis, what: string): TableData {
  return {
    columns: ['position', 'token', what],
    rows: analysis.tokens.map(({ text }, row) => [
      positionOf(analysis, row),
      text,
      numberOrNone(values[row]),
    ]),
  };
}

export function pairsTable(pairs: HeadCircuits['qk'], from: string, to: string, unit: string): TableData {
  return {
    columns: [from, `${from} id`, to, `${to} id`, unit],
    rows: pairs.map((pair: TokenPair) => [
      pair.from.text,
      pair.from.id,
      pair.to.text,
      pair.to.id,
      pair.value,
    ]),
  };
}

export function ablatedTable({ loss, ablated, kl }: AblatedText, analysis: Analysis): TableData {
  return {
    columns: ['position', 'token', 'loss as is, nats', 'loss ablated, nats', 'change', 'KL after it, nats'],
    rows: analysis.tokens.map(({ text }, row) => [
      positionOf(analysis, row),
      text,
      numberOrNone(loss[row]),
      numberOrNone(ablated[row]),
      numberOrNone(ablated[row]! - loss[row]!),
      numberOrNone(kl[row]),
    ]),
  };
}
