import { create } from 'zustand';
import type { EngineClient } from '../engine/client.ts';
import type {
  AblatedText,
  AblationEffects,
  Corpus,
  HeadCircuits,
  HeadId,
  HeadScores,
  PatternRecord,
  Progress,
} from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { SAMPLE_SEED } from './scans.ts';
import type { PageState } from './page-state.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';
import { MAX_ABLATED } from './view-state.ts';

/** Storyworld items read when heads are first scored, and when they are first ablated: the latter costs a pass a head. */
export const SCORE_ITEMS = 16;
export const ABLATION_ITEMS = 16;
/** Finished scores kept, so that going back and forth between corpora reads each once. */
const KEPT = 8;
/** How many times more a visitor who asks for more gets. */
const MORE = 4;

type HeadsClient = EngineClient['heads'];
type CallOptions = NonNullable<Parameters<EngineClient['analyze']>[1]>;

/** Something asked of the engine: what for, how far it is, and what came of it. */
export interface Asked<Answer> {
  /** What is asked for: the same key, the same answer. Empty: nothing yet. */
  key: string;
  /** What `value` answers: another key than `key` while something newer is on its way. */
  of: string;
  /** Partial while it is being worked on, and where it was stopped. */
  value?: Answer;
  running: boolean;
  /** By the visitor, before it was done. */
  stopped?: boolean;
  progress?: Progress;
  failure?: FacetError;
}

export interface HeadsState {
  scores: Asked<HeadScores>;
  effects: Asked<AblationEffects>;
  pattern: Asked<PatternRecord>;
  circuits: Asked<HeadCircuits>;
  ablated: Asked<AblatedText>;
}
export type Slot = keyof HeadsState;
type Result<Name extends Slot> = NonNullable<HeadsState[Name]['value']>;

export interface HeadsActions {
  /** Scores every head over the view's corpus. @param more over a larger sample than the one that is here */
  wantScores: (more?: boolean) => Promise<void>;
  /** Ablates every head, one at a time, over the view's corpus. */
  wantEffects: (more?: boolean) => Promise<void>;
  /** What the view's head looks at in the text. */
  wantPattern: () => Promise<void>;
  wantCircuits: () => Promise<void>;
  /** The text with the view's ablated heads taken away. */
  wantAblated: () => Promise<void>;
  /** Stops work and keeps what there is. */
  stop: (slot: Slot) => void;
  /** Asks once more for what failed or was stopped. */
  again: (slot: Slot) => Promise<void>;
  /** Shows a head's page, or a layer's average, as a step one can go back from; `null` for both leaves it. */
  openHead: (layer: number | null, head: number | null) => void;
  /** Adds a head to those ablated together, or takes it out. */
  toggleAblated: (head: HeadId) => void;
  /** Makes the dictionary on a layer's `hook_z` the current one, if one is listed and none is. */
  wantDictionary: (layer: number) => Promise<void>;
}

const nothing = { key: '', of: '', running: false } as const;

/** A dictionary of the open model that reads the outputs of a layer's heads. */
export function dictionaryOnHeads({ opened }: Pick<PageState, 'opened'>, layer: number): string | undefined {
  const hook = `blocks.${layer}.attn.hook_z`;
  return opened?.dictionaries.find((known) => known.hook === hook)?.id;
}

/** Whether the current dictionary reads the outputs of a layer's heads. */
export const readsHeads = ({ opened }: Pick<PageState, 'opened'>, layer: number): boolean =>
  opened?.dictionary?.hook === `blocks.${layer}.attn.hook_z`;

/** What is asked about attention heads, and what is known. The head, text and corpus are the view's. */
export const useHeads = create<HeadsState & HeadsActions>()((set, get) => {
  const slots = new Slots<Slot>();
  const known = new Map<string, unknown>();

  function remember(key: string, value: unknown): void {
    known.set(key, value);
    const [oldest] = known.keys();
    if (known.size > KEPT) known.delete(oldest!);
  }

  /** Numbers depend on the weights, on how they are kept, and on what the current dictionary has read before a text. */
  function modelKey(): string {
    const { opened, view } = usePage.getState();
    return `${opened?.model.digest}/${view.storage ?? ''}/${opened?.dictionary?.prefix ?? ''}`;
  }

  function put<Name extends Slot>(name: Name, part: Partial<HeadsState[Name]>): void {
    set({ [name]: { ...get()[name], ...part } });
  }

  /**
   * Asks, unless the same was asked before. The newest question wins; what is here stays until its answer comes.
   * @param better whether a partial answer says more than the answer to the question before
   */
  async function ask<Name extends Slot>(
    name: Name,
    parts: readonly (string | number | null)[],
    run: (
      heads: HeadsClient,
      options: CallOptions & { onPartial: (partial: Result<Name>) => void },
    ) => Promise<Result<Name>>,
    better: (found: Result<Name>, before: Result<Name>) => boolean = () => true,
  ): Promise<void> {
    const engine = runningEngine();
    const model = modelKey();
    const key = [model, ...parts].join('\n');
    const before = get()[name];
    if (!engine || before.key === key) return;
    const signal = slots.newest(name);
    const finished = known.get(`${name}\n${key}`) as Result<Name> | undefined;
    if (finished) {
      set({ [name]: { key, of: key, value: finished, running: false } });
      return;
    }
    // Of another model not even the shape is the same.
    const kept = before.of.startsWith(`${model}\n`) ? before.value : undefined;
    set({ [name]: { key, of: kept ? before.of : '', value: kept, running: true } });
    const keep = (value: Result<Name>): void => {
      const now = get()[name];
      if (signal.aborted || (now.of !== key && now.value && !better(value, now.value))) return;
      put(name, { value, of: key } as Partial<HeadsState[Name]>);
    };
    try {
      const value = await run(engine.heads, {
        signal,
        onProgress: (progress) => !signal.aborted && put(name, { progress } as Partial<HeadsState[Name]>),
        onPartial: keep,
      });
      if (signal.aborted) return;
      put(name, { value, of: key } as Partial<HeadsState[Name]>);
      if (name === 'scores' || name === 'effects') remember(`${name}\n${key}`, value);
      put(name, { running: false, progress: undefined } as Partial<HeadsState[Name]>);
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = FacetError.from(thrown);
      // After the GPU came back it may be asked again.
      const lost = failure.code === 'device-lost' || failure.code === 'cancelled';
      put(name, {
        running: false,
        progress: undefined,
        ...(lost ? { key: '' } : { failure, value: undefined, of: '' }),
      } as Partial<HeadsState[Name]>);
      // Nobody here cancelled it: the same model was opened anew, and knows the answer as well.
      if (failure.code === 'cancelled') void again[name]();
    }
  }

  /** Items asked for, by what is scored: a larger sample is asked for by the visitor only. */
  const items = { scores: SCORE_ITEMS, effects: ABLATION_ITEMS };

  function corpusOf(name: 'scores' | 'effects'): Corpus {
    const { corpus, text } = usePage.getState().view;
    return corpus === 'text'
      ? { kind: 'text', text }
      : { kind: 'storyworld', seed: SAMPLE_SEED, items: items[name] };
  }

  function overCorpus<Name extends 'scores' | 'effects'>(
    name: Name,
    more: boolean,
    run: (
      heads: HeadsClient,
      corpus: Corpus,
      options: CallOptions & { onPartial: (partial: Result<Name>) => void },
    ) => Promise<Result<Name>>,
    complete: (found: Result<Name>, before: Result<Name>) => boolean,
  ): Promise<void> {
    const before = get()[name].value;
    if (more && before?.corpus.kind === 'storyworld') items[name] = MORE * before.corpus.items;
    const corpus = corpusOf(name);
    const { phase } = usePage.getState();
    if (corpus.kind === 'text' ? !readable() : phase !== 'ready') return Promise.resolve();
    const parts = corpus.kind === 'text' ? [corpus.text] : [corpus.seed, corpus.items];
    return ask(
      name,
      [corpus.kind, ...parts],
      (heads, options) => run(heads, corpus, options),
      // A larger sample begins small; until it has caught up, what is here says more.
      (found, last) =>
        corpus.kind === 'text' || found.corpus.kind !== last.corpus.kind || complete(found, last),
    );
  }

  /** The numbers of a text are asked for once it has been read. */
  function readable(): boolean {
    const { phase, analysing, analysis } = usePage.getState();
    return phase === 'ready' && !analysing && analysis !== undefined;
  }

  const again: Record<Slot, () => Promise<void>> = {
    scores: () => get().wantScores(),
    effects: () => get().wantEffects(),
    pattern: () => get().wantPattern(),
    circuits: () => get().wantCircuits(),
    ablated: () => get().wantAblated(),
  };

  // What is known of one model's heads says nothing of another's.
  usePage.subscribe(({ opened }, { opened: before }) => {
    if (opened?.model.digest === before?.model.digest) return;
    const all = Object.keys(again) as Slot[];
    slots.abort(...all);
    known.clear();
    set(Object.fromEntries(all.map((name) => [name, nothing])));
  });

  return {
    scores: nothing,
    effects: nothing,
    pattern: nothing,
    circuits: nothing,
    ablated: nothing,

    wantScores: (more = false) =>
      overCorpus(
        'scores',
        more,
        (heads, corpus, options) => heads.scores({ corpus }, options),
        (found, before) => found.texts >= before.texts,
      ),
    wantEffects: (more = false) =>
      overCorpus(
        'effects',
        more,
        (heads, corpus, options) => heads.ablate({ corpus }, options),
        (found) => !found.rise.some(Number.isNaN),
      ),
    async wantPattern() {
      const { text, windowStart, layer, head, weighting } = usePage.getState().view;
      if (!readable() || layer === null) return;
      await ask('pattern', [layer, head, weighting, windowStart, text], (heads, options) =>
        heads.pattern({ text, windowStart, layer, head, weighting }, options),
      );
    },
    async wantCircuits() {
      const { layer, head } = usePage.getState().view;
      if (layer === null || head === null) return;
      await ask('circuits', [layer, head], (heads, options) => heads.circuits({ layer, head }, options));
    },
    async wantAblated() {
      const { text, windowStart, ablated, ablation } = usePage.getState().view;
      if (!readable() || ablated.length === 0) return;
      const which = ablated.map(({ layer, head }) => `${layer}.${head}`).join(',');
      await ask('ablated', [which, ablation, windowStart, text], (heads, options) =>
        heads.ablateHere({ text, windowStart, heads: ablated, with: ablation }, options),
      );
    },
    stop(name) {
      slots.abort(name);
      const { key, of, value } = get()[name];
      // A smaller sample still says what it is; what answers another question would pass for the answer to this one.
      const tells = of === key || (value && 'corpus' in value && value.corpus.kind === 'storyworld');
      const kept = tells ? {} : { value: undefined, of: '' };
      put(name, { running: false, stopped: true, progress: undefined, ...kept });
    },
    again(name) {
      put(name, { key: '' });
      return again[name]();
    },
    openHead(layer, head) {
      const { view, goTo } = usePage.getState();
      if (layer === view.layer && head === view.head && view.view === 'heads') return;
      // A trail is of one layer's feature.
      goTo('heads', { layer, head, ...(layer === view.layer ? {} : { trail: [] }) });
    },
    toggleAblated({ layer, head }) {
      const { view, change } = usePage.getState();
      const without = view.ablated.filter((other) => other.layer !== layer || other.head !== head);
      if (without.length < view.ablated.length) change({ ablated: without });
      else if (without.length < MAX_ABLATED) change({ ablated: [...without, { layer, head }] });
    },
    async wantDictionary(layer) {
      const page = usePage.getState();
      if (page.phase !== 'ready' || readsHeads(page, layer)) return;
      const meant = page.opened?.dictionaries.find(({ id }) => id === page.view.dictionary);
      // A link that names one is being followed.
      const id = meant?.hook === `blocks.${layer}.attn.hook_z` ? meant.id : dictionaryOnHeads(page, layer);
      if (id !== undefined) await page.chooseDictionary(id, 'replace');
    },
  };
});
