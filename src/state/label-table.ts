import { create } from 'zustand';
import type { LabelRow, LabelTable, OpenedModel, Progress } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import { filesBehind } from './opening.ts';
import type { PageState } from './page-state.ts';
import { Slots } from './slots.ts';
import { usePage } from './store.ts';

/** Latents are chosen on items of one seed and measured on those of another, neither of which the page shows elsewhere. */
export const CHOOSE_SEED = 41;
export const MEASURE_SEED = 42;
/** Items of each of the two samples. */
export const LABEL_ITEMS = [100, 300, 1_000, 2_000, 4_000] as const;
/** Takes minutes for all the dictionaries of the bundled model even where the processor does the work. */
const USUAL_ITEMS = 300;
/** Labels on more than this share of tokens count. */
export const LEAST_RATE = 0.001;
/** From this F1 on a latent tells a label. */
export const TOLD = 0.8;

export interface MeasuredTable {
  table: LabelTable;
  /** On the whole of the fresh sample. */
  complete: boolean;
}

interface LabelTableState {
  /** Model and storage of the tables: another begins anew. */
  model: string;
  items: number;
  /** By digest of the dictionary. */
  tables: Readonly<Record<string, MeasuredTable>>;
  /** What the page calls the dictionary under way. */
  running?: { dictionary: string; progress?: Progress };
  /** Dictionaries that wait for it. */
  waiting: readonly string[];
  problem?: FacetError;
}

interface LabelTableActions {
  /** One dictionary after the other; those that are measured already are measured again. */
  measure: (dictionaries: readonly string[]) => void;
  stop: () => void;
  /** Forgets what was measured on samples of another size. */
  setItems: (items: number) => void;
}

/** Which latents tell which Storyworld labels: a dictionary at a time, each measured once and kept. */
export const useLabelTable = create<LabelTableState & LabelTableActions>()((set, get) => {
  const slots = new Slots<'run'>();

  function begin(model: string, items: number): void {
    slots.abort('run');
    set({ model, items, tables: {}, running: undefined, waiting: [], problem: undefined });
  }

  function look({ phase, opened, view }: PageState): void {
    if (phase !== 'ready' || !opened) {
      slots.abort('run');
      if (get().running) set({ running: undefined, waiting: [] });
      return;
    }
    const model = `${opened.model.digest}/${view.storage ?? ''}`;
    if (model !== get().model) begin(model, get().items);
  }
  usePage.subscribe(look);

  async function next(): Promise<void> {
    const [dictionary, ...waiting] = get().waiting;
    const engine = runningEngine();
    if (dictionary === undefined || !engine) return;
    const signal = slots.newest('run');
    set({ running: { dictionary }, waiting });
    const keep = (table: LabelTable, complete: boolean): void => {
      if (signal.aborted) return;
      // What is known of the whole sample is not given up for a part of it.
      if (!complete && get().tables[table.dictionaryDigest]?.complete) return;
      set({ tables: { ...get().tables, [table.dictionaryDigest]: { table, complete } } });
    };
    try {
      const files = await filesBehind('dictionary', dictionary);
      if (signal.aborted) return;
      const { items } = get();
      const request = {
        dictionary: files ?? dictionary,
        chooseItems: items,
        chooseSeed: CHOOSE_SEED,
        measureItems: items,
        measureSeed: MEASURE_SEED,
        leastRate: LEAST_RATE,
      };
      const table = await engine.scan.labelTable(request, {
        signal,
        onProgress: (progress) => !signal.aborted && set({ running: { dictionary, progress } }),
        onPartial: (partial) => keep(partial, false),
      });
      keep(table, true);
    } catch (thrown) {
      if (signal.aborted) return;
      slots.abort('run');
      const problem = FacetError.from(thrown);
      // A lost device comes back, and a model that is opened anew is here again.
      const passing = problem.code === 'device-lost' || problem.code === 'cancelled';
      set({ running: undefined, waiting: [], ...(!passing && { problem }) });
      return;
    }
    if (signal.aborted) return;
    // Progress comes by a way of its own and may be later than the answer.
    slots.abort('run');
    set({ running: undefined });
    void next();
  }

  return {
    model: '',
    items: USUAL_ITEMS,
    tables: {},
    waiting: [],
    measure(dictionaries) {
      look(usePage.getState());
      const { waiting, running } = get();
      const wanted = dictionaries.filter((id) => id !== running?.dictionary);
      set({ waiting: [...new Set([...waiting, ...wanted])], problem: undefined });
      if (!running) void next();
    },
    stop() {
      slots.abort('run');
      set({ running: undefined, waiting: [] });
    },
    setItems: (items) => begin(get().model, items),
  };
});

/** Every dictionary of a model that can be measured, the current one first. */
export function measurable({ dictionary, dictionaries }: OpenedModel): string[] {
  return [...new Set([...(dictionary ? [dictionary.id] : []), ...dictionaries.map(({ id }) => id)])];
}

/** A label with the dictionary whose latent tells it best. */
export interface ToldLabel extends LabelRow {
  dictionary: string;
  dictionaryDigest: string;
}

export interface LabelSummary {
  /** Most frequent first. */
  rows: ToldLabel[];
  /** Of `rows`, those with an F1 of at least `TOLD`. */
  told: number;
  /** The tables it is made of. While none is complete: the one that comes nearest. */
  from: readonly MeasuredTable[];
}

/**
 * Of each label the dictionary whose latent was best where latents are chosen, with its figures on the fresh sample: to
 * choose by these would make them look better than they are.
 */
export function summarise(tables: Readonly<Record<string, MeasuredTable>>): LabelSummary {
  const all = Object.values(tables);
  const complete = all.filter((one) => one.complete);
  const nearest = all.toSorted((a, b) => b.table.measureItems - a.table.measureItems).slice(0, 1);
  const from = complete.length > 0 ? complete : nearest;
  const best = new Map<string, ToldLabel>();
  for (const { table } of from)
    for (const row of table.rows) {
      const { dictionary, dictionaryDigest } = table;
      if (row.chosenF1 > (best.get(row.label)?.chosenF1 ?? -1))
        best.set(row.label, { ...row, dictionary, dictionaryDigest });
    }
  const rows = [...best.values()].sort((a, b) => b.rate - a.rate || (a.label < b.label ? -1 : 1));
  return { rows, told: rows.filter(({ f1 }) => f1 >= TOLD).length, from };
}

/** How many labels there are between two F1, in tenths from 0 to 1; 1 itself is in the last. */
export function histogramOfF1(rows: readonly ToldLabel[]): number[] {
  const bins = Array<number>(10).fill(0);
  for (const { f1 } of rows) bins[Math.min(9, Math.floor(f1 * 10 + 1e-9))]! += 1;
  return bins;
}
