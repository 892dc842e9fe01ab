import { readPatternOf } from '../../analysis/heads/pattern.ts';
import type { PatternRecord, PatternRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.pattern`. @throws FacetError `bad-input` for a head the model does not have or an empty text */
export async function readPattern(session: Session, request: PatternRequest): Promise<PatternRecord> {
  const { layer, head, weighting } = request;
  const { ids } = session.read(request);
  const { model } = session.opened;
  const values = await session.turn(() => readPatternOf(model, ids, { layer, head, weighting }));
  return { layer, head, weighting, rows: ids.length, values };
}
