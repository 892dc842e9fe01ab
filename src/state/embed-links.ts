import { wholeAddress } from './embed.ts';
import { encodeLink } from './link.ts';
import { dictionaryReference } from './opening.ts';
import type { PageState } from './page-state.ts';
import { addStep } from './recipe-steps.ts';
import type { ViewState } from './view-state.ts';

/** Addresses of the whole page: of the feature that is shown, and of steering with it. */
export async function linksOut(
  state: Pick<PageState, 'opened' | 'view' | 'statistics' | 'analysis'>,
): Promise<{ page: string; steer?: string }> {
  const { opened, view } = state;
  const addressOf = async (shown: ViewState): Promise<string> => {
    const url = new URL(wholeAddress(location.href));
    url.hash = await encodeLink(shown);
    return url.href;
  };
  const page = await addressOf({ ...view, view: 'features' });
  if (!opened?.dictionary || view.feature === null) return { page };
  const step = addStep(state, dictionaryReference(opened), view.feature);
  return { page, steer: await addressOf({ ...view, view: 'steering', steer: [step] }) };
}
