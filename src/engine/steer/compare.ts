import * as v from 'valibot';
import { Baselines } from '../../analysis/steering/baselines.ts';
import { type ComparedSide, compareText } from '../../analysis/steering/compare.ts';
import { FacetError } from '../../shared/errors.ts';
import type { CompareRequest, Comparison, Side } from '../protocol.ts';
import type { Session } from '../session.ts';
import { prepareSteering } from './prepare.ts';
import { chosenRow, passRows, readRows } from './rows.ts';

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
  const checked = v.safeParse(schema, request);
  if (!checked.success)
    throw new FacetError('bad-input', `This cannot be compared: ${checked.issues[0].message}.`, {
      hint: `At most ${MOST_TOKENS} tokens are given for a row.`,
    });
  const { nextTokens, movers, frozen } = checked.output;
  const { opened, context } = session;
  const { gpu, model, tokenizer } = opened;
  const { tokens, ids, special, ...window } = await readRows(session, request.prompt, request.windowStart);
  const row = chosenRow(request.row, ids.length);
  const rows = passRows(special);
  using steering = await prepareSteering(session, request.interventions, { ids, ...rows });
  const references = request.features === undefined ? [] : [request.features];
  // Awaited here, because the steering goes when this function ends.
  return await opened.withDictionaries(references, context, ([loaded]) =>
    session.turn(async () => {
      const before = { ...gpu.counters };
      const place = { model, baselines: opened.companion(Baselines) };
      const options = { row, nextTokens, movers, frozen, dictionary: loaded?.dictionary };
      const found = await compareText(place, { ids, rows }, steering, options);
      const sideOf = ({ next, movers: moved, ...rest }: ComparedSide): Side => ({
        ...rest,
        next: { ...next, texts: Array.from(next.ids, (id) => tokenizer.text(id)) },
        movers: moved.map((mover) => ({ ...mover, text: tokenizer.text(mover.id) })),
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
        usage: {
          submissions: gpu.counters.submissions - before.submissions,
          readbacks: gpu.counters.readbacks - before.readbacks,
          dispatches: gpu.counters.dispatches - before.dispatches,
          bytesRead: gpu.counters.bytesRead - before.bytesRead,
          elapsedMs: performance.now() - started,
        },
      };
    }),
  );
}
