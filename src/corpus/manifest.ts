import * as v from 'valibot';
import type { CorpusManifest } from './corpus.ts';
import { MOST_FIELDS, MOST_ITEMS, NAME_UNITS, SKIPPED_LISTED } from './limits.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.maxLength(NAME_UNITS));

const manifestSchema = v.object({
  version: v.literal(1),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  name,
  items: v.pipe(count, v.minValue(1), v.maxValue(MOST_ITEMS)),
  bytes: count,
  textBytes: count,
  format: name,
  encoding: name,
  field: v.optional(name),
  metadata: v.pipe(v.array(name), v.maxLength(MOST_FIELDS)),
  skipped: v.object({
    count,
    first: v.pipe(
      v.array(v.object({ line: count, why: v.pipe(v.string(), v.maxLength(400)) })),
      v.maxLength(SKIPPED_LISTED),
    ),
  }),
  notes: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(400))), v.maxLength(100))),
  added: count,
});

/** A manifest, from this device or handed over by the page; `undefined` when it is none. */
export function parseManifest(given: unknown): CorpusManifest | undefined {
  const parsed = v.safeParse(manifestSchema, given);
  return parsed.success ? parsed.output : undefined;
}
