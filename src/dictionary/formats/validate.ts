import * as v from 'valibot';
import { FacetError } from '../../shared/errors.ts';

/** Largest sizes that are read; far above what is published for models that fit a browser. */
const MOST = { dIn: 16_384, dSae: 1_048_576 };

export const word = v.pipe(v.string(), v.maxLength(500));
export const flag = v.boolean();
export const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31));

/** @throws FacetError `bad-file` naming the first field that is wrong */
export function parseConfig<Schema extends v.GenericSchema>(
  schema: Schema,
  json: unknown,
  what: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new FacetError('bad-file', `${what}: ${v.getDotPath(issue) ?? 'root'}: ${issue.message}`);
}

export function unsupported(what: string, hint?: string): FacetError {
  return new FacetError('unsupported', `This dictionary ${what}, which is not supported yet.`, { hint });
}

/** @throws FacetError `unsupported` for sizes beyond all that is published */
export function checkSizes(sizes: { dIn: number; dSae: number }): void {
  for (const field of ['dIn', 'dSae'] as const) {
    if (sizes[field] > MOST[field])
      throw unsupported(`has ${field} ${sizes[field]}; the most is ${MOST[field]}`);
  }
}
