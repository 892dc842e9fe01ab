import { FacetError } from '../../shared/errors.ts';
import { csv } from './csv.ts';
import type { Format } from './format.ts';
import { json } from './json.ts';
import { jsonl } from './jsonl.ts';
import { lines } from './lines.ts';
import { paragraphs } from './paragraphs.ts';
import { parquet } from './parquet.ts';
import { tsv } from './tsv.ts';

/** In the order of the menu. */
export const FORMATS: readonly Format[] = [lines, paragraphs, csv, tsv, jsonl, json, parquet];

/** @throws FacetError `bad-input` */
export function formatOf(id: string): Format {
  const found = FORMATS.find((format) => format.id === id);
  if (found) return found;
  throw new FacetError('bad-input', `There is no format “${id}”.`, { hint: 'Choose one of the list.' });
}
