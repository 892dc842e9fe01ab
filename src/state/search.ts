import { create } from 'zustand';
import type { TextSearch, TogetherExamples, TokenSearch } from '../engine/protocol.ts';
import { type Asked, asking, type AskOptions, NOTHING_ASKED } from './asking.ts';
import type { EngineClient } from '../engine/client.ts';
import { useScans } from './scans.ts';
import {
  isSearching,
  MOST_LISTED,
  textQuestion,
  togetherQuestion,
  tokenQuestion,
} from './search-question.ts';
import { usePage } from './store.ts';

/** A token of the model that a search may have meant. */
export interface TokenChoice {
  id: number;
  text: string;
}

/** What is known of a token, or, where a text is several, which tokens it may be about. */
export interface TokenAnswer {
  choices: TokenChoice[];
  /** Logits it raises, and lowers. */
  promoted?: TokenSearch;
  suppressed?: TokenSearch;
}

interface Answers {
  text: TextSearch;
  token: TokenAnswer;
  together: TogetherExamples;
}
type Name = keyof Answers;

type SearchState = { [Slot in Name]: Asked<Answers[Slot]> } & {
  /** Features whose promoted tokens were asked for, of all: a search among words needs them. */
  labelling?: { done: number; total: number; running: boolean };
};

interface SearchActions {
  /** Asks what the view asks, and again whenever that changes. @returns ends it */
  follow: () => () => void;
  stop: (name: Name) => void;
  again: (name: Name) => void;
  /** Asks for the promoted tokens of every feature, a few hundred at a time, from where it was stopped. */
  labelAll: () => Promise<void>;
  stopLabelling: () => void;
}

/** As many as the engine labels at once. */
const LABELLED = 256;

/** What the Features view looks for. The question is the view's. */
export const useSearch = create<SearchState & SearchActions>()((set, get) => {
  const { ask, stop, clear, forget } = asking<Answers>(get, (name, asked) =>
    set({ [name]: asked } as Partial<SearchState>),
  );
  let labelling = new AbortController();

  let digest = usePage.getState().opened?.dictionary?.digest;
  const fresh = (): void => {
    const now = usePage.getState().opened?.dictionary?.digest;
    if (now === digest) return;
    digest = now;
    labelling.abort();
    set({ labelling: undefined });
    // What was found in one dictionary says nothing of another.
    clear('text', 'token', 'together');
  };
  usePage.subscribe(fresh);

  function look(): void {
    fresh();
    const page = usePage.getState();
    const text = textQuestion(page);
    if (text) void ask('text', text.key, ({ search }, options) => search.byText(text.request, options));
    const token = tokenQuestion(page);
    if (token) void ask('token', token.key, (engine, options) => findToken(engine, token.token, options));
    const together = togetherQuestion(page);
    const { corpus } = useScans.getState();
    if (together && corpus)
      void ask('together', together.key, ({ search }, options) =>
        search.together({ corpus, ...together.request }, options),
      );
    // Once begun, it is the visitor who stops it and lets it go on.
    if (isSearching(page, 'label') && page.view.find !== '' && !get().labelling) void get().labelAll();
    if (page.view.find === '') clear('text', 'token');
    if (page.view.together.length === 0) clear('together');
  }

  return {
    text: NOTHING_ASKED,
    token: NOTHING_ASKED,
    together: NOTHING_ASKED,

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
    async labelAll() {
      const { opened, wantLabels } = usePage.getState();
      const before = get().labelling;
      if (!opened?.dictionary || before?.running || (before && before.done === before.total)) return;
      labelling = new AbortController();
      const { signal } = labelling;
      const total = opened.dictionary.dSae;
      for (let done = before?.done ?? 0; done < total; done += LABELLED) {
        set({ labelling: { done, total, running: true } });
        await wantLabels(Array.from({ length: Math.min(LABELLED, total - done) }, (_, i) => done + i));
        if (signal.aborted) return;
      }
      set({ labelling: { done: total, total, running: false } });
    },
    stopLabelling() {
      labelling.abort();
      const { labelling: now } = get();
      if (now) set({ labelling: { ...now, running: false } });
    },
  };
});

/** Bytes that are no whole character are shown as `\xHH`, which names no token. */
const PARTIAL = /\\x[0-9A-F]{2}/i;

async function findToken(engine: EngineClient, find: string, { signal }: AskOptions): Promise<TokenAnswer> {
  const tokensOf = async (text: string) => (await engine.tokenize({ text, windowStart: 0 })).tokens;
  const typed = await tokensOf(find);
  const bare = find.trim();
  const spellings = bare === '' ? [] : [bare, ` ${bare}`];
  const others = (await Promise.all(spellings.map(tokensOf)))
    // Beside a token that was found, the beginning of another spelling would say nothing.
    .filter((tokens) => typed.length !== 1 || tokens.length === 1)
    .map(([first]) => first);
  const choices = new Map<number, TokenChoice>();
  for (const token of [typed[0], ...others]) {
    if (!token || PARTIAL.test(token.text)) continue;
    // Only what is one token by itself can be asked for.
    if ((await tokensOf(token.text)).length === 1) choices.set(token.id, { id: token.id, text: token.text });
  }
  signal.throwIfAborted();
  if (typed.length !== 1) return { choices: [...choices.values()] };
  const request = { token: find, most: MOST_LISTED };
  const [promoted, suppressed] = await Promise.all([
    engine.search.byToken({ ...request, order: 'promoted' }, { signal }),
    engine.search.byToken({ ...request, order: 'suppressed' }, { signal }),
  ]);
  return { choices: [...choices.values()], promoted, suppressed };
}
