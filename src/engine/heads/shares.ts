import { headShares } from '../../analysis/heads/shares.ts';
import type { FileSet, HeadShares } from '../protocol.ts';
import type { Session } from '../session.ts';

/** See `HeadsApi.shares`. @throws FacetError `bad-input` for a dictionary that does not write hook_z */
export function readShares(
  { opened, context, turn }: Session,
  reference: string | FileSet,
): Promise<HeadShares> {
  return opened.withDictionaries([reference], context, async ([loaded]) => {
    const { dictionary } = loaded!;
    const { layer, shares } = await headShares(opened.model, dictionary, turn);
    return { dictionary: dictionary.id, layer, heads: opened.model.config.nHeads, shares };
  });
}
