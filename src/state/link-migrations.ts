import { FacetError } from '../shared/errors.ts';
import { VERSION } from './view-state.ts';

/** The fields of a link, keys and values as text. */
export type LinkFields = Map<string, string>;

/** Step n turns the fields of version n into those of version n + 1. */
export const migrations: ReadonlyMap<number, (fields: LinkFields) => LinkFields> = new Map();

/**
 * Brings the fields of an older link up to date. A link without a version was written by hand for today's page.
 * @throws FacetError `bad-link`: a version that is newer, or that no step starts from
 */
export function migrate(
  fields: LinkFields,
  steps: typeof migrations = migrations,
  current: number = VERSION,
): LinkFields {
  const written = fields.get('v') ?? String(current);
  if (!/^[1-9]\d{0,3}$/.test(written)) {
    throw new FacetError(
      'bad-link',
      `The link has no version number one can read: "${written.slice(0, 40)}".`,
    );
  }
  let version = Number(written);
  if (version > current) {
    throw new FacetError(
      'bad-link',
      `The link was made by a newer Facet (version ${version} of its links).`,
      {
        hint: 'Reload the page to get the newest Facet, then open the link again.',
      },
    );
  }
  let moved: LinkFields = fields;
  for (; version < current; version++) {
    const step = steps.get(version);
    if (!step) throw new FacetError('bad-link', `Links of version ${version} can no longer be read.`);
    moved = step(moved);
  }
  return new Map(moved).set('v', String(current));
}
