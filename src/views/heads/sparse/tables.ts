import type { Analysis, AttentionTimes, SparsifiedText } from '../../../engine/protocol.ts';
import { positionOf } from '../../../state/rows.ts';
import type { TableData } from '../../shared/download.ts';
import { type HeadMask, lossChange, lossesOf, queryRows } from './derived.ts';

const numberOrNone = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

export function figuresTable(sparse: SparsifiedText): TableData {
  const { rise, kl, recall, blindRows } = lossesOf(sparse);
  const { ceDense, ceSparse, visited, features, blockSize } = sparse;
  return {
    columns: ['figure', 'value', 'unit'],
    rows: [
      ['loss, dense', ceDense, 'nats a token'],
      ['loss, sparse', ceSparse, 'nats a token'],
      ['rise of the loss', rise, 'nats a token'],
      ['mean KL(dense ‖ sparse)', numberOrNone(kl), 'nats a token'],
      ['blocks visited', visited, 'share of causal blocks'],
      ['block size', blockSize, 'tokens'],
      ['recall', numberOrNone(recall), 'share of dense attention'],
      ['blind rows', blindRows, 'tokens · heads'],
      ...(features
        ? [
            ['features in both (Jaccard)', features.jaccard, 'share'],
            ['feature change', features.change, 'share of Σf'],
          ]
        : []),
    ],
  };
}

export function changesTable({ features }: SparsifiedText): TableData {
  return {
    columns: ['feature', 'total dense', 'total sparse', 'change'],
    rows: (features?.most ?? []).map(({ index, dense, sparse }) => [index, dense, sparse, sparse - dense]),
  };
}

export function headsTable({ heads }: SparsifiedText, title: (pattern: string) => string): TableData {
  return {
    columns: ['layer', 'head', 'pattern', 'blocks visited', 'pairs kept', 'recall', 'KL, nats', 'blind rows'],
    rows: heads.map(({ layer, head, pattern, visited, kept, recall, kl, blindRows }) => [
      layer,
      head,
      title(pattern),
      visited,
      kept,
      numberOrNone(recall),
      numberOrNone(kl),
      blindRows,
    ]),
  };
}

export function maskTable(found: HeadMask, analysis: Analysis): TableData {
  return {
    columns: [
      'position',
      'token',
      'keys kept',
      'attention kept',
      'attention lost',
      'most missed',
      'its attention',
    ],
    rows: queryRows(found, analysis.tokens.length).map(({ keys, kept, lost, missed, missedMass }, row) => [
      positionOf(analysis, row),
      analysis.tokens[row]!.text,
      keys,
      kept,
      lost,
      missed >= 0 ? analysis.tokens[missed]!.text : null,
      missed >= 0 ? missedMass : null,
    ]),
  };
}

export function lossTable(sparse: SparsifiedText, analysis: Analysis): TableData {
  const change = lossChange(sparse);
  return {
    columns: ['position', 'token', 'loss dense, nats', 'loss sparse, nats', 'change, nats', 'KL, nats'],
    rows: analysis.tokens.map(({ text }, row) => [
      positionOf(analysis, row),
      text,
      ...[sparse.loss, sparse.lossSparse, change, sparse.kl].map((values) => numberOrNone(values[row])),
    ]),
  };
}

export function timesTable({ points, clock, heads, dHead, blockSize }: AttentionTimes): TableData {
  return {
    columns: [
      'tokens',
      'blocks visited',
      'time / dense',
      'least',
      'greatest',
      'clock',
      'heads',
      'd_head',
      'block',
    ],
    rows: points.map(({ length, visited, ratio, least, greatest }) => [
      length,
      visited,
      ratio,
      least,
      greatest,
      clock,
      heads,
      dHead,
      blockSize,
    ]),
  };
}
