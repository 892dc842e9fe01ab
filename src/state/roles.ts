import { create } from 'zustand';
import type { DictionarySummary, LayerRoles, OpenedModel, Progress } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { filesBehind } from './opening.ts';
import type { PageState } from './page-state.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';

/** Storyworld items a layer is judged on, from the fixed seed. */
export const ROLE_SEED = 11;
export const ROLE_ITEMS = [40, 80, 160, 320] as const;
const USUAL_ITEMS = 40;

/** One layer's heads as far as they are measured. */
export interface MeasuredLayer {
  roles: LayerRoles;
  /** What the page calls the dictionary whose latents these are. */
  dictionary: string;
  /** Every head, over all items. */
  complete: boolean;
}

interface RolesState {
  /** What the numbers were measured on, model, storage and which latents count: another, or another number of items, begins anew. */
  model: string;
  items: number;
  layers: Readonly<Record<number, MeasuredLayer>>;
  /** The layer under way. */
  running?: { layer: number; progress?: Progress };
  /** Layers that wait for it. */
  waiting: readonly number[];
  /** Layers the visitor stopped: they do not begin again by themselves. */
  stopped: readonly number[];
  problem?: FacetError;
}

interface RolesActions {
  /** Measures the layer of the view when it is first looked at. @returns ends it */
  follow: () => () => void;
  measure: (layers: readonly number[]) => void;
  stop: () => void;
  /** Measures on more or fewer texts from now on. */
  setItems: (items: number) => void;
}

/** Which dictionary the heads of a layer are read with: the current one if it can, else the first of the model's. */
export function headDictionary(
  { dictionary, dictionaries }: Pick<OpenedModel, 'dictionary' | 'dictionaries'>,
  layer: number,
): DictionarySummary | undefined {
  const fitting = dictionaries.filter(({ hook }) => hook === `blocks.${layer}.attn.hook_z`);
  return fitting.find(({ id }) => id === dictionary?.id) ?? fitting[0];
}

/** The roles of heads, a layer at a time: tens of seconds each, so every layer is measured once and kept. */
export const useRoles = create<RolesState & RolesActions>()((set, get) => {
  const slots = new Slots<'run'>();
  const fresh = { layers: {}, running: undefined, waiting: [], stopped: [], problem: undefined };

  /** Whether the current dictionary reads the layer's heads, and what is here is of another. */
  function ofAnother({ dictionary }: OpenedModel, layer: number): boolean {
    const measured = get().layers[layer]?.dictionary;
    const reads = dictionary?.hook === `blocks.${layer}.attn.hook_z`;
    return reads && measured !== undefined && measured !== dictionary.id;
  }

  function look({ phase, opened, view }: PageState): void {
    if (phase !== 'ready' || !opened) {
      slots.abort('run');
      if (get().running) set({ running: undefined, waiting: [] });
      return;
    }
    const model = `${opened.model.digest}/${view.storage ?? ''}/${view.owned}`;
    if (model !== get().model) {
      slots.abort('run');
      set({ ...fresh, model });
    }
    const layer = view.layer ?? undefined;
    if (layer !== undefined && ofAnother(opened, layer)) {
      const { [layer]: _, ...layers } = get().layers;
      set({ layers, stopped: get().stopped.filter((other) => other !== layer) });
    }
    const { layers, running, waiting, stopped, problem } = get();
    const known = layer === undefined || layers[layer]?.complete || stopped.includes(layer);
    if (known || problem || running?.layer === layer || waiting[0] === layer) return;
    if (!headDictionary(opened, layer)) return;
    // What is looked at comes first; whatever else was asked for follows.
    if (running) set({ waiting: [layer, ...waiting.filter((other) => other !== layer)] });
    else measure([layer]);
  }

  function measure(layers: readonly number[]): void {
    const { waiting, stopped } = get();
    set({
      waiting: [...new Set([...waiting, ...layers])],
      stopped: stopped.filter((layer) => !layers.includes(layer)),
      problem: undefined,
    });
    if (!get().running) void next();
  }

  async function next(): Promise<void> {
    const [layer, ...waiting] = get().waiting;
    const { opened } = usePage.getState();
    const engine = runningEngine();
    if (layer === undefined || !opened || !engine) return;
    const signal = slots.newest('run');
    set({ running: { layer }, waiting });
    const summary = headDictionary(opened, layer);
    const keep = (roles: LayerRoles, complete: boolean): void => {
      if (signal.aborted) return;
      const measured = { roles, complete, dictionary: summary!.id };
      set({ layers: { ...get().layers, [layer]: measured } });
    };
    try {
      const dictionary = summary && (await filesBehind('dictionary', summary.id));
      if (dictionary === undefined) {
        throw new FacetError('not-found', `No dictionary here reads the heads of layer ${layer}.`, {
          hint: `Open one for blocks.${layer}.attn.hook_z in the Models view.`,
        });
      }
      const { owned } = usePage.getState().view;
      const request = { dictionary, corpus: { seed: ROLE_SEED, items: get().items }, owned };
      const roles = await engine.heads.roles(request, {
        signal,
        onProgress: (progress) => !signal.aborted && set({ running: { layer, progress } }),
        onPartial: (partial) => keep(partial, false),
      });
      keep(roles, true);
    } catch (thrown) {
      if (signal.aborted) return;
      const problem = FacetError.from(thrown);
      // A lost device comes back, a model that is opened anew is here again, and the layer with them.
      const passing = problem.code === 'device-lost' || problem.code === 'cancelled';
      set({ running: undefined, waiting: [], ...(!passing && { problem }) });
      return;
    }
    if (signal.aborted) return;
    set({ running: undefined });
    void next();
  }

  return {
    model: '',
    items: USUAL_ITEMS,
    layers: {},
    waiting: [],
    stopped: [],
    follow() {
      look(usePage.getState());
      return usePage.subscribe(look);
    },
    measure,
    stop() {
      slots.abort('run');
      const { running, waiting, stopped } = get();
      const now = running ? [running.layer, ...waiting] : waiting;
      set({ running: undefined, waiting: [], stopped: [...new Set([...stopped, ...now])] });
    },
    setItems(items) {
      slots.abort('run');
      set({ ...fresh, items });
      look(usePage.getState());
    },
  };
});
