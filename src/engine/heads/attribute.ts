import * as v from 'valibot';
import { attributeFeature } from '../../analysis/heads/attribution.ts';
import type { HeadStep } from '../../analysis/heads/attribution-path.ts';
import { FacetError } from '../../shared/errors.ts';
import type { AttributionRecord, AttributionRequest, FileSet, TrailStep } from '../protocol.ts';
import type { Session } from '../session.ts';

const MOST_STEPS = 16;
const MOST_UPSTREAM = 8;

const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const schema = v.object({
  feature: index,
  row: index,
  trail: v.pipe(
    v.array(
      v.variant('kind', [
        v.object({ kind: v.literal('head'), layer: index, head: index, source: index }),
        v.object({ kind: v.literal('feature'), feature: index }),
      ]),
    ),
    v.maxLength(MOST_STEPS),
  ),
  upstream: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(MOST_UPSTREAM))),
});

/** See `HeadsApi.attribute`. @throws FacetError `bad-input` for what is not there, `unsupported` */
export function attribute(session: Session, request: AttributionRequest): Promise<AttributionRecord> {
  const { opened, context } = session;
  const checked = v.safeParse(schema, request);
  if (!checked.success)
    throw new FacetError('bad-input', `This cannot be attributed: ${checked.issues[0].message}.`, {
      hint: `A trail has at most ${MOST_STEPS} steps, and at most ${MOST_UPSTREAM} dictionaries can be compared.`,
    });
  const { ids } = session.read(request);
  const start = lastStart(request);
  const references = [start.dictionary, ...(request.upstream ?? [])];
  return opened.withDictionaries(references, context, async ([first, ...upstream]) =>
    attributeFeature(
      opened.model,
      {
        ...start,
        ids,
        dictionary: first!.dictionary,
        upstream: upstream.map(({ dictionary }) => dictionary),
      },
      (work) => session.turn(work),
    ),
  );
}

interface Start {
  dictionary: string | FileSet;
  feature: number;
  row: number;
  steps: HeadStep[];
}

/** Where the numbers begin: the request's own feature, or the last the trail steps into, on the row one is then at. */
function lastStart({ dictionary, feature, row, trail }: AttributionRequest): Start {
  return trail.reduce(
    (at: Start, step: TrailStep): Start =>
      step.kind === 'head'
        ? { ...at, steps: [...at.steps, step] }
        : {
            dictionary: step.dictionary,
            feature: step.feature,
            row: at.steps.at(-1)?.source ?? at.row,
            steps: [],
          },
    { dictionary, feature, row, steps: [] },
  );
}
