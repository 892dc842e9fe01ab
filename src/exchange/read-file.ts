import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';

/** @returns the number of a whole string or number, as published files write either */
export const wholeNumber = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,10}$/), v.transform(Number))]),
  v.safeInteger(),
  v.minValue(0),
  v.maxValue(2 ** 31 - 1),
);
export const finite = v.pipe(v.number(), v.finite());
export const text = (most: number) => v.pipe(v.string(), v.maxLength(most));

/** A file that is not what it should be. @param why completes “The file …” */
export const refused = (why: string, hint = 'Choose another file.'): FacetError =>
  new FacetError('bad-input', `The file ${why}.`, { hint });

/** @param most code units @throws FacetError `bad-input` */
export function parseJson(content: string, most: number): unknown {
  if (content.length > most) throw refused('is too large');
  try {
    // A mark of byte order is no JSON, but some programs begin files with it.
    return JSON.parse(content.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new FacetError('bad-input', 'The file is not JSON.', {
      hint: 'Choose another file.',
      detail: String(cause),
      cause,
    });
  }
}

/** @throws FacetError `bad-input` saying which part is wrong */
export function checked<Schema extends v.GenericSchema>(
  schema: Schema,
  found: unknown,
): v.InferOutput<Schema> {
  const read = v.safeParse(schema, found, { abortEarly: true });
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw refused(`has a wrong part, ${v.getDotPath(issue) ?? 'its whole'}: ${issue.message.slice(0, 200)}`);
}

/** @throws FacetError `bad-input` for a file of another format or of a newer version */
export function ofFormat(found: unknown, format: string, what: string): void {
  const record: { format?: unknown; version?: unknown } =
    typeof found === 'object' && found !== null ? found : {};
  if (record.format !== format) throw refused(`is not ${what} of Facet: "format" must be "${format}"`);
  if (record.version !== 1)
    throw refused('was written by a newer Facet', 'Reload the page to get the newest, and try again.');
}
