import { create } from 'zustand';
import type { CorpusReference, DictionaryMatch, ScanStatistics, TextSearch } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { type Asked, asking, NOTHING_ASKED } from './asking.ts';
import { corporaQuestion, matchQuestion, textsQuestion } from './compare-question.ts';
import { filesBehind } from './opening.ts';
import { storyworldOf, useScans } from './scans.ts';
import { usePage } from './store.ts';

interface Answers {
  texts: TextSearch;
  /** Of the corpus the view is compared with. */
  corpora: ScanStatistics;
  match: DictionaryMatch;
}
type Name = keyof Answers;
type CompareState = { [Slot in Name]: Asked<Answers[Slot]> };

interface CompareActions {
  /** Asks what the view asks, and again whenever that changes. @returns ends it */
  follow: () => () => void;
  stop: (name: Name) => void;
  again: (name: Name) => void;
  /** Reads the corpus the view is compared with, from where that was left off. */
  readOther: () => Promise<void>;
}

/** Items on which co-firing is counted; fewer where a software adapter would take minutes. */
const itemsOf = (software: boolean): number => (software ? 40 : 300);

/** What the Features view compares. The question is the view's. */
export const useCompare = create<CompareState & CompareActions>()((set, get) => {
  const { ask, stop, clear, forget } = asking<Answers>(get, (name, asked) =>
    set({ [name]: asked } as Partial<CompareState>),
  );

  let digest = usePage.getState().opened?.dictionary?.digest;
  const fresh = (): void => {
    const now = usePage.getState().opened?.dictionary?.digest;
    if (now === digest) return;
    digest = now;
    // What was compared in one dictionary says nothing of another.
    clear('texts', 'corpora', 'match');
  };
  usePage.subscribe(fresh);

  function look(): void {
    fresh();
    const page = usePage.getState();
    const texts = textsQuestion(page);
    if (texts) void ask('texts', texts.key, ({ search }, options) => search.byText(texts.request, options));
    if (page.view.against === '') clear('texts');

    const corpora = corporaQuestion(page);
    // While it is being read it is not looked up.
    if (corpora && get().corpora.key !== readingKey(corpora.key))
      void ask('corpora', corpora.key, async ({ scan }, options) => {
        const found = await scan.load(await corpusBehind(corpora.corpus), options);
        if (found) return found;
        throw new FacetError('not-found', 'Nothing of these texts has been read with this dictionary.', {
          hint: 'Read them in the Prompts view first.',
        });
      });
    if (page.view.versus === '') clear('corpora');

    const { corpus, looking } = useScans.getState();
    const items = itemsOf(page.opened?.adapter.software ?? false);
    const match = matchQuestion(page, corpus ? page.view.over : null, items);
    // Without the view's texts, if they are not here: but not only because they are still being looked for.
    if (match && !looking)
      void ask('match', match.key, async ({ search }, options) => {
        const other = await filesBehind('dictionary', match.other);
        if (other === undefined)
          throw new FacetError('not-found', `The dictionary ${match.other} is not on this device.`, {
            hint: 'Open it in the Models view first.',
          });
        return search.match({ other, corpus, items }, options);
      });
    if (page.view.other === '') clear('match');
  }

  return {
    texts: NOTHING_ASKED,
    corpora: NOTHING_ASKED,
    match: NOTHING_ASKED,

    follow() {
      look();
      const ends = [usePage.subscribe(look), useScans.subscribe(look)];
      return () => ends.forEach((end) => end());
    },
    stop,
    again(name) {
      forget(name);
      look();
    },
    async readOther() {
      const corpora = corporaQuestion(usePage.getState());
      if (!corpora) return;
      await ask('corpora', readingKey(corpora.key), async ({ scan }, options) =>
        scan.run({ corpus: await corpusBehind(corpora.corpus) }, options),
      );
    },
  };
});

const readingKey = (key: string): string => `${key} read`;

/** @throws FacetError `not-found` for own texts that are not on this device */
async function corpusBehind(id: string): Promise<CorpusReference> {
  const generated = storyworldOf(id);
  if (generated) return generated;
  // Fetched when first needed: most visitors read what the site brings.
  const { useCorpora } = await import('./corpora.ts');
  const files = await useCorpora.getState().openOwn(id.replace(/^own-/, ''));
  if (files) return { kind: 'own', files };
  throw new FacetError('not-found', `The texts ${id} are not on this device.`, {
    hint: 'Add the file they are from in the Prompts view.',
  });
}
