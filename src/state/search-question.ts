import type { TextSearchRequest, TogetherRequest } from '../engine/protocol.ts';
import type { PageState } from './page-state.ts';
import type { ViewState } from './view-state.ts';

/** Features listed of those that are found by a text, and on each side by a token. */
export const MOST_LISTED = 500;
/** Examples read of features that fire together. */
export const MOST_EXAMPLES = 20;

type Page = Pick<PageState, 'phase' | 'opened' | 'view' | 'statistics'>;

/** What numbers depend on besides the question. */
export function contextKey({ opened, view }: Pick<PageState, 'opened' | 'view'>): string {
  return [opened?.model.digest, opened?.dictionary?.digest, view.storage ?? ''].join('/');
}

export const isSearching = ({ view, phase, opened }: Page, by: ViewState['by']): boolean =>
  phase === 'ready' &&
  opened?.dictionary !== undefined &&
  view.view === 'features' &&
  view.tab === 'search' &&
  view.by === by;

/** Why a text cannot be ranked by as the view asks, in a sentence; undefined: it can. */
export function missingForRank({ view, statistics }: Pick<Page, 'view' | 'statistics'>): string | undefined {
  if (view.find === '') return undefined;
  if (view.rank === 'contrast' && view.against === '') return 'Contrast needs another text.';
  if (view.rank === 'specificity' && !(statistics && statistics.tokens > 0))
    return 'Specificity needs to know how often features fire: read the corpus first.';
  return undefined;
}

/** Undefined: nothing is asked. */
export function textQuestion(page: Page): { key: string; request: TextSearchRequest } | undefined {
  const { view, statistics } = page;
  if (!isSearching(page, 'text') || view.find === '' || missingForRank(page)) return undefined;
  const { rank, find: text } = view;
  const against = view.against || undefined;
  const rates = rank === 'specificity' ? ratesOf(statistics!) : undefined;
  const seen = rates ? `${statistics!.id} ${statistics!.tokens}` : '';
  const key = JSON.stringify([contextKey(page), rank, text, against ?? '', seen]);
  return { key, request: { text, against, rank, rates, most: MOST_LISTED } };
}

/** [F] of a scan's tokens; a feature that fired on none counts as if it had on one. */
export function ratesOf({ count, tokens }: { count: Uint32Array; tokens: number }): Float32Array {
  return Float32Array.from(count, (fired) => Math.max(1, fired) / tokens);
}

export function tokenQuestion(page: Page): { key: string; token: string } | undefined {
  if (!isSearching(page, 'token') || page.view.find === '') return undefined;
  return { key: JSON.stringify([contextKey(page), page.view.find]), token: page.view.find };
}

/** Without the corpus, which is the scan's. */
export function togetherQuestion(
  page: Page,
): { key: string; request: Omit<TogetherRequest, 'corpus'> } | undefined {
  const { view, statistics } = page;
  if (!isSearching(page, 'together') || view.together.length === 0 || !statistics) return undefined;
  const { together: all, without: none, within } = view;
  const key = JSON.stringify([contextKey(page), statistics.id, statistics.tokens, all, none, within]);
  return { key, request: { within, all, none, most: MOST_EXAMPLES } };
}
