import * as v from 'valibot';
import { Baselines } from '../../analysis/steering/baselines.ts';
import { compareRow } from '../../analysis/steering/compare-row.ts';
import { type ComparedSide, compareText } from '../../analysis/steering/compare.ts';
import type { LikelyTokens } from '../../analysis/steering/movers.ts';
import type { Gpu } from '../../gpu/gpu.ts';
import { FacetError } from '../../shared/errors.ts';
import type { OpenedModelState } from '../opened-model.ts';
import type { CompareRequest, Comparison, RowComparison, Side, Usage } from '../protocol.ts';
import type { Session } from '../session.ts';
import { prepareSteering } from './prepare.ts';
import { chosenRow, readRows } from './rows.ts';

const NEXT_TOKENS = 10;
const MOST_TOKENS = 1_000;
const MOST_FEATURES = 40;

const count = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MOST_TOKENS)),
  NEXT_TOKENS,
);
const schema = v.object({ nextTokens: count, movers: count, frozen: v.optional(v.boolean(), false) });

/**
 * See `SteerApi.compare`. The base stays on the GPU, so that asking again with other strengths, as a slider does, runs only
 * the layers from the first intervention on.
 * @throws FacetError `bad-input`, `unsupported`, `cancelled`
 */
export async function compare(session: Session, request: CompareRequest): Promise<Comparison> {
  const started = performance.now();
  const { opened, context } = session;
  const asked = await readRequest(session, request);
  const { tokens, ids, rows, row, options, window } = asked;
  using steering = await prepareSteering(session, request.interventions, { ids, ...rows });
  const references = request.features === undefined ? [] : [request.features];
  // Awaited here, because the steering goes when this function ends.
  return await opened.withDictionaries(references, context, ([loaded]) =>
    session.turn(async () => {
      const usage = meter(opened.gpu, started);
      const place = { model: opened.model, baselines: opened.companion(Baselines) };
      const all = { ...options, dictionary: loaded?.dictionary };
      const found = await compareText(place, { ids, rows }, steering, all);
      const sideOf = ({ next, movers, ...rest }: ComparedSide): Side => ({
        ...rest,
        next: withTexts(opened, next),
        movers: movers.map((mover) => ({ ...mover, text: opened.tokenizer.text(mover.id) })),
      });
      return {
        ...window,
        tokens: tokens.map(({ text }) => text),
        row,
        base: sideOf(found.base),
        steered: sideOf(found.steered),
        frozen: found.frozen && sideOf(found.frozen),
        features: found.features?.slice(0, MOST_FEATURES),
        resumedAt: found.resumedAt,
        usage: usage(),
      };
    }),
  );
}

/** See `SteerApi.compareRow`. @throws FacetError as `compare` */
export async function compareOneRow(session: Session, request: CompareRequest): Promise<RowComparison> {
  const started = performance.now();
  const { opened } = session;
  const { ids, rows, row, options } = await readRequest(session, request);
  using steering = await prepareSteering(session, request.interventions, { ids, ...rows });
  return await session.turn(async () => {
    const usage = meter(opened.gpu, started);
    const place = { model: opened.model, baselines: opened.companion(Baselines) };
    const { base, steered, movers, kl, resumedAt } = await compareRow(
      place,
      { ids, rows },
      steering,
      options,
    );
    return {
      row,
      base: { next: withTexts(opened, base) },
      steered: {
        next: withTexts(opened, steered),
        movers: movers.map((mover) => ({ ...mover, text: opened.tokenizer.text(mover.id) })),
      },
      kl,
      resumedAt,
      usage: usage(),
    };
  });
}

async function readRequest(session: Session, request: CompareRequest) {
  const checked = v.safeParse(schema, request);
  if (!checked.success)
    throw new FacetError('bad-input', `This cannot be compared: ${checked.issues[0].message}.`, {
      hint: `At most ${MOST_TOKENS} tokens are given for a row.`,
    });
  const { tokens, ids, rows, ...window } = await readRows(session, request.prompt, request.windowStart);
  const row = chosenRow(request.row, rows);
  return { tokens, ids, window, row, rows, options: { ...checked.output, row } };
}

const withTexts = ({ tokenizer }: OpenedModelState, next: LikelyTokens): Side['next'] => ({
  ...next,
  texts: Array.from(next.ids, (id) => tokenizer.text(id)),
});

/** @param started when the call came. @returns what was used from now on */
function meter({ counters }: Gpu, started: number): () => Usage {
  const before = { ...counters };
  return () => ({
    submissions: counters.submissions - before.submissions,
    readbacks: counters.readbacks - before.readbacks,
    dispatches: counters.dispatches - before.dispatches,
    bytesRead: counters.bytesRead - before.bytesRead,
    elapsedMs: performance.now() - started,
  });
}
