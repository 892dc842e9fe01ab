import type { ViewState } from './view-state.ts';

/** How one part of the view is written in a link. `read` gives `undefined` for a value it cannot read. */
export interface LinkField {
  key: string;
  /** What it is called in messages. */
  what: string;
  /** `undefined`: leave it out, because it is as it would be without. */
  write: (view: ViewState) => string | undefined;
  read: (value: string) => Partial<Record<keyof ViewState, unknown>> | undefined;
}

export function readWhole(value: string): number | undefined {
  return /^\d{1,10}$/.test(value) ? Number(value) : undefined;
}

export function readNumber(value: string): number | undefined {
  return /^-?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?$/.test(value) ? Number(value) : undefined;
}

export function readAll<Item>(parts: string[], read: (part: string) => Item | undefined): Item[] | undefined {
  const items = parts.map(read);
  return items.some((item) => item === undefined) ? undefined : (items as Item[]);
}

/** `3-5`, or `9` for 9 to 9. */
export function readRange(part: string): [number, number] | undefined {
  const ends = readAll(part.split('-'), readWhole);
  if (!ends || ends.length > 2) return undefined;
  return [ends[0]!, ends[1] ?? ends[0]!];
}
