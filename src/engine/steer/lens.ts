import * as v from 'valibot';
import { Baselines } from '../../analysis/steering/baselines.ts';
import { lensText } from '../../analysis/steering/lens.ts';
import type { LikelyTokens } from '../../analysis/steering/movers.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Lens, LensLayer, LensRequest } from '../protocol.ts';
import type { Session } from '../session.ts';
import { prepareSteering } from './prepare.ts';
import { chosenRow, readRows } from './rows.ts';

const NEXT_TOKENS = 5;
const MOST_TOKENS = 100;

const schema = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_TOKENS)),
  NEXT_TOKENS,
);

/** See `SteerApi.lens`. @throws FacetError `bad-input`, `unsupported`, `cancelled` */
export async function readLens(session: Session, request: LensRequest): Promise<Lens> {
  const n = v.safeParse(schema, request.nextTokens);
  if (!n.success) throw new FacetError('bad-input', `Each layer can give 1 to ${MOST_TOKENS} tokens.`);
  const { opened } = session;
  const { model, tokenizer } = opened;
  const { ids, rows } = await readRows(session, request.prompt, request.windowStart);
  const row = chosenRow(request.row, rows);
  using steering = await prepareSteering(session, request.interventions, { ids, ...rows });
  const { base, steered, ...found } = await session.turn(() =>
    lensText({ model, baselines: opened.companion(Baselines) }, { ids, rows }, steering, {
      row,
      n: n.output,
    }),
  );
  const named = (layers: readonly LikelyTokens[]): LensLayer[] =>
    layers.map((layer) => ({ ...layer, texts: Array.from(layer.ids, (id) => tokenizer.text(id)) }));
  return { ...found, row, base: named(base), steered: named(steered) };
}
