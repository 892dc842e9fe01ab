import type { TextSearchRequest } from '../engine/protocol.ts';
import type { PageState } from './page-state.ts';
import { contextKey } from './search-question.ts';
import { MAX_FIND, type ViewState } from './view-state.ts';

type Page = Pick<PageState, 'phase' | 'opened' | 'view'>;

/** Every feature that fires on either of two texts this long. */
const ALL = 200_000;

export const isComparing = ({ view, phase, opened }: Page, what: ViewState['compare']): boolean =>
  phase === 'ready' &&
  opened?.dictionary !== undefined &&
  view.view === 'features' &&
  view.tab === 'compare' &&
  view.compare === what;

/** The text on the left: what was typed for it, else the prompt. */
export const leftText = ({ find, text }: Pick<ViewState, 'find' | 'text'>): string =>
  find === '' ? text.slice(0, MAX_FIND) : find;

export function textsQuestion(page: Page): { key: string; request: TextSearchRequest } | undefined {
  const text = leftText(page.view);
  const { against } = page.view;
  if (!isComparing(page, 'texts') || text === '' || against === '') return undefined;
  const key = JSON.stringify([contextKey(page), text, against]);
  return { key, request: { text, against, rank: 'contrast', most: ALL } };
}

export function corporaQuestion(page: Page): { key: string; corpus: string } | undefined {
  const corpus = page.view.versus;
  if (!isComparing(page, 'corpora') || corpus === '') return undefined;
  return { key: JSON.stringify([contextKey(page), corpus]), corpus };
}

/** @param corpus name of that on whose tokens co-firing is counted; `null`: none is at hand */
export function matchQuestion(
  page: Page,
  corpus: string | null,
  items: number,
): { key: string; other: string } | undefined {
  const { other } = page.view;
  if (!isComparing(page, 'dictionaries') || other === '') return undefined;
  return { key: JSON.stringify([contextKey(page), other, corpus, items]), other };
}
