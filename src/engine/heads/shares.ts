import { headShares } from '../../analysis/heads/shares.ts';
import type { FileSet, HeadShares } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.shares`. @throws FacetError `bad-input` for a dictionary that does not write hook_z */
export function readShares(session: Session, reference: string | FileSet): Promise<HeadShares> {
  const { opened, context } = session;
  return opened.withDictionaries([reference], context, async ([loaded]) => {
    const { dictionary } = loaded!;
    const { layer, shares } = await headShares(opened.model, dictionary, (work) => session.turn(work));
    return { dictionary: dictionary.id, layer, heads: opened.model.config.nHeads, shares };
  });
}
