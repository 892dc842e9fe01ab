import { create } from 'zustand';
import type { ArmId, Generated, GeneratedToken, Prompting } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { PageState } from './page-state.ts';
import type { RecipeStep } from './recipe.ts';
import { Settling } from './settling.ts';
import { Slots } from './slots.ts';
import { askedOf, promptOf, samplingOf } from './steering-request.ts';
import { usePage } from './store.ts';
import { MAX_NEW_TOKENS } from './view-state.ts';

export const ARMS: readonly ArmId[] = ['base', 'steered', 'frozen'];
export const MORE_TOKENS = 40;
/** Finished texts kept, so that going back and forth between recipes generates each once. */
const KEPT = 24;

/** One text, as far as it is known. */
export interface SteeredText {
  /** What it is of, but for its length. Another than what the view asks for: it is of something before. */
  key: string;
  /** Tokens it is to have, unless it ends before. */
  wanted: number;
  /** So far; always the beginning of what the key stands for. */
  tokens: GeneratedToken[];
  /** With its figures, once as many tokens are here as were wanted. */
  done?: Generated;
  running: boolean;
  /** By the visitor, before it was done. */
  stopped?: boolean;
  failure?: FacetError;
}

interface TextsState {
  texts: Partial<Record<ArmId, SteeredText>>;
  /** Keys of the texts the view asks for; without one where there is nothing to steer, or no frozen text is wanted. */
  asked: Partial<Record<ArmId, string>>;
  /** What the open model’s tokenizer says of prompts; absent until known. */
  prompting?: Prompting;
}

interface TextsActions {
  /** Generates anew whenever what the texts hang on has changed and come to rest. @returns ends it */
  follow: () => () => void;
  /** Now, whatever of it is not here: after a stop, a failure, or without a recipe. */
  generate: () => Promise<void>;
  /** Stops and keeps what there is. */
  stop: () => void;
  /** `MORE_TOKENS` more. */
  proceed: () => void;
  /** Other texts: with the next seed. */
  reseed: () => void;
}

/** Steps that do something. */
export const stepsOn = (steer: readonly RecipeStep[]): RecipeStep[] => steer.filter(({ off }) => !off);

/** What each text hangs on, but for its length: the same key, the same tokens. */
export function keysOf({ view, opened, analysis }: PageState): TextsState['asked'] {
  if (!opened) return {};
  const prefix = opened.dictionary?.prefix ?? analysis?.prefix;
  const base = JSON.stringify([opened.model.digest, view.storage, prefix, promptOf(view), samplingOf(view)]);
  const steps = stepsOn(view.steer);
  if (steps.length === 0) return { base };
  const steered = `${base}\n${JSON.stringify(steps)}`;
  return { base, steered, ...(view.frozen && { frozen: `frozen\n${steered}` }) };
}

/** Whether a text is as long as it is to be. */
export const isWhole = ({ tokens, reason }: Generated, wanted: number): boolean =>
  tokens.length === wanted || (reason === 'end' && tokens.length < wanted);

/** First token at which two texts part; undefined as long as neither goes on where they agree. */
export function divergence(a: readonly GeneratedToken[], b: readonly GeneratedToken[]): number | undefined {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i]!.id !== b[i]!.id) return i;
  return undefined;
}

const readable = ({ phase, analysing, analysis }: PageState): boolean =>
  phase === 'ready' && !analysing && analysis !== undefined;

/** Texts as the model writes them with and without the recipe, from the same seed. */
export const useTexts = create<TextsState & TextsActions>()((set, get) => {
  const slots = new Slots<ArmId | 'prompting'>();
  const known = new Map<string, Generated>();
  const settling = new Settling(() => void get().generate());
  /** What was last looked at. */
  let seen = '';
  /** Something is to be generated as soon as the page can be asked; opening: without waiting for changes to rest. */
  let waiting = false;
  let opening = false;
  /** The visitor asked for texts without there being a recipe. */
  let begun = false;

  function put(id: ArmId, part: Partial<SteeredText>): void {
    const before = get().texts[id];
    if (before) set(({ texts }) => ({ texts: { ...texts, [id]: { ...before, ...part } } }));
  }

  function halt(...ids: readonly ArmId[]): void {
    slots.abort(...ids);
    for (const id of ids) if (get().texts[id]?.running) put(id, { running: false });
  }

  function look(page: PageState): void {
    const asked = keysOf(page);
    const now = JSON.stringify([asked, page.view.newTokens]);
    const changed = now !== seen;
    if (changed) {
      seen = now;
      set({ asked });
      halt(...ARMS.filter((id) => get().texts[id]?.key !== asked[id]));
    }
    if (!readable(page)) {
      // The text is being read again, or the model opened: it goes on after that.
      waiting ||= ARMS.some((id) => get().texts[id]?.running);
      halt(...ARMS);
      if (changed && !opening) settling.soon();
    } else if (!begun && asked.steered === undefined) {
      settling.cancel();
      [waiting, opening] = [false, false];
      if (!get().prompting) void loadPrompting();
      dropUnasked();
    } else if ((waiting || opening) && !settling.due) void get().generate();
    else if (changed) settling.soon();
  }

  async function loadPrompting(): Promise<void> {
    const engine = runningEngine();
    if (!engine) return;
    const signal = slots.newest('prompting');
    try {
      const prompting = await engine.steer.prompting();
      if (!signal.aborted) set({ prompting });
    } catch {
      // Generating says what is wrong; it is asked again with the next text.
    }
  }

  function dropUnasked(): void {
    const { texts, asked } = get();
    const kept = ARMS.filter((id) => asked[id] !== undefined && texts[id]);
    if (kept.length < Object.keys(texts).length)
      set({ texts: Object.fromEntries(kept.map((id) => [id, texts[id]])) });
  }

  async function run(id: ArmId, key: string): Promise<void> {
    const engine = runningEngine();
    const page = usePage.getState();
    const { view, analysis } = page;
    const before = get().texts[id];
    const same = before?.key === key ? before : undefined;
    if (!engine || !analysis || (same?.running && same.wanted === view.newTokens)) return;
    const signal = slots.newest(id);
    const finished = same?.done ?? known.get(key);
    const start: SteeredText = { key, wanted: view.newTokens, tokens: [], running: true };
    if (finished && isWhole(finished, view.newTokens)) {
      const text = { ...start, tokens: finished.tokens, done: finished, running: false };
      set(({ texts }) => ({ texts: { ...texts, [id]: text } }));
      return;
    }
    // What is here of it already is the beginning of what is wanted.
    const have = same?.tokens ?? finished?.tokens ?? [];
    const after = have.length < view.newTokens ? have : [];
    set(({ texts }) => ({ texts: { ...texts, [id]: { ...start, tokens: after } } }));
    const arriving = [...after];
    let drawn = false;
    const draw = (): void => {
      drawn = false;
      if (!signal.aborted && get().texts[id]?.running) put(id, { tokens: [...arriving] });
    };
    try {
      const interventions =
        id === 'base' ? [] : await askedOf(view.steer, { prefix: analysis.prefix, windowStart: 0 });
      if (signal.aborted) return;
      const request = {
        prompt: promptOf(view),
        interventions,
        arm: id,
        sampling: samplingOf(view),
        tokens: view.newTokens - after.length,
        ...(after.length > 0 && { after: after.map((token) => token.id) }),
      };
      const done = await engine.steer.generate(request, {
        signal,
        onTokens(tokens) {
          if (signal.aborted) return;
          arriving.push(...tokens);
          // Several tokens may come within one frame.
          if (!drawn) (globalThis.requestAnimationFrame ?? queueMicrotask)(draw);
          drawn = true;
        },
      });
      if (signal.aborted) return;
      remember(key, done);
      put(id, { tokens: done.tokens, done, running: false });
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = FacetError.from(thrown);
      // The page opens the same model again, and then it goes on.
      const lost = failure.code === 'device-lost' || failure.code === 'cancelled';
      if (lost) waiting = true;
      put(id, { tokens: [...arriving], running: false, ...(lost ? {} : { failure }) });
    }
  }

  function remember(key: string, done: Generated): void {
    known.delete(key);
    known.set(key, done);
    const [oldest] = known.keys();
    if (known.size > KEPT) known.delete(oldest!);
  }

  // What one model says is not what another does.
  usePage.subscribe(({ opened }, { opened: before }) => {
    if (opened?.model.digest === before?.model.digest) return;
    slots.abort(...ARMS, 'prompting');
    settling.cancel();
    known.clear();
    seen = '';
    begun = false;
    set({ texts: {}, asked: {}, prompting: undefined });
  });

  return {
    texts: {},
    asked: {},
    follow() {
      const page = usePage.getState();
      set({ asked: keysOf(page) });
      seen = JSON.stringify([get().asked, page.view.newTokens]);
      opening = true;
      const release = settling.watch();
      look(page);
      const end = usePage.subscribe((now) => look(now));
      return () => {
        end();
        release();
        halt(...ARMS);
      };
    },
    async generate() {
      settling.cancel();
      const page = usePage.getState();
      if (!readable(page)) {
        waiting = true;
        return;
      }
      [waiting, opening] = [false, false];
      if (!get().prompting) void loadPrompting();
      const asked = keysOf(page);
      if (asked.steered === undefined) begun = true;
      set({ asked });
      dropUnasked();
      const ids = ARMS.filter((id) => asked[id] !== undefined);
      await Promise.all(ids.map((id) => run(id, asked[id]!)));
    },
    stop() {
      settling.cancel();
      for (const id of ARMS) {
        if (!get().texts[id]?.running) continue;
        halt(id);
        put(id, { stopped: true });
      }
    },
    proceed() {
      const { view, change } = usePage.getState();
      change({ newTokens: Math.min(MAX_NEW_TOKENS, view.newTokens + MORE_TOKENS) });
      void get().generate();
    },
    reseed() {
      const { view, change } = usePage.getState();
      change({ seed: (view.seed + 1) % 2 ** 32 });
      void get().generate();
    },
  };
});
