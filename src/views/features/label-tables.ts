import {
  CHOOSE_SEED,
  type LabelSummary,
  LEAST_RATE,
  MEASURE_SEED,
  TOLD,
  type ToldLabel,
} from '../../state/label-table.ts';
import type { TableData } from '../shared/download.ts';

/** `name` of a label `name=value`. */
export const labelName = (label: string): string => label.slice(0, label.indexOf('='));

export function meaningOf({ from }: Pick<LabelSummary, 'from'>, label: string): string {
  return from[0]?.table.meanings[labelName(label)] ?? '';
}

/** Labels that hold the words looked for, in their own name, their meaning, or the dictionary's. */
export function found(summary: LabelSummary, words: string): ToldLabel[] {
  const wanted = words.trim().toLowerCase().split(/\s+/);
  return summary.rows.filter(({ label, dictionary }) => {
    const text = `${label} ${meaningOf(summary, label)} ${dictionary}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

export function labelsTable(summary: LabelSummary): TableData {
  return {
    columns: [
      'label', 'meaning', 'rate', 'tokens', 'dictionary', 'dictionary digest', 'latent', 'threshold', 'precision', 'recall',
      'F1', 'F1 where it was chosen',
    ], // oxfmt-ignore
    rows: summary.rows.map((row) => [
      row.label,
      meaningOf(summary, row.label),
      row.rate,
      row.tokens,
      row.dictionary,
      row.dictionaryDigest,
      row.feature < 0 ? null : row.feature,
      row.threshold,
      row.precision,
      row.recall,
      row.f1,
      row.chosenF1,
    ]),
  };
}

/** Everything that was measured, of every dictionary, with how. */
export function labelsJson(summary: LabelSummary): string {
  const { rows, told, from } = summary;
  const content = {
    kind: 'facet-label-table',
    version: 1,
    chooseSeed: CHOOSE_SEED,
    measureSeed: MEASURE_SEED,
    leastRate: LEAST_RATE,
    toldFrom: TOLD,
    labels: rows.length,
    told,
    best: rows,
    dictionaries: from.map(({ table, complete }) => ({ ...table, complete })),
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}
