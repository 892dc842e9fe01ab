import * as v from 'valibot';
import { type DecodedLink, decodeLink } from './link.ts';
import { linkFields } from './link-fields.ts';
import { defaultView, viewStateSchema } from './view-state.ts';

/** What could be read of a damaged link. */
export interface Salvage extends DecodedLink {
  /** Parts that made sense, for showing: what it is and its value. */
  parts: { what: string; value: string }[];
}

/**
 * Reads a damaged link part by part, each on its own and each checked, and fills the rest with what is usual. Nothing
 * vouches for the result, so it is for showing and for a visitor who chooses to go on with it.
 */
export async function salvageLink(fragment: string): Promise<Salvage> {
  const parts: Salvage['parts'] = [];
  let view = defaultView;
  const pieces = fragment.replace(/^#?\/?[^?]*\?/, '').split('&');
  for (const field of linkFields) {
    const piece = pieces.find((candidate) => candidate.startsWith(`${field.key}=`));
    // What was expected of damaged content says nothing.
    if (!piece || field.key === 'expect') continue;
    const content = await readAlone(piece);
    if (!content) continue;
    const merged = v.safeParse(viewStateSchema, { ...view, ...field.read(field.write(content.view) ?? '') });
    if (!merged.success) continue;
    view = merged.output;
    parts.push({ what: field.what, value: field.write(view) ?? '' });
  }
  const textPiece = pieces.find((candidate) => /^(text|z)=/.test(candidate));
  const content = textPiece && (await readAlone(textPiece));
  if (content) {
    view = { ...view, text: content.view.text };
    parts.push({ what: 'prompt', value: content.view.text });
  }
  return {
    view,
    parts,
    notes: ['This view was put together from a damaged link; parts of it may be wrong.'],
  };
}

async function readAlone(piece: string): Promise<DecodedLink | undefined> {
  try {
    return await decodeLink(`#/explore?${piece}`);
  } catch {
    return undefined;
  }
}
