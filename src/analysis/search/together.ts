import type { TokenSample } from '../scan/scan-state.ts';

/** A place of the sample where all of some features fire and none of others. */
export interface FittingPlace {
  item: number;
  token: number;
  /** Of the weakest of `all` there: its value on the token, its largest in the text. */
  value: number;
}

export interface Together {
  /** Sampled tokens, or texts with some. */
  looked: number;
  /** Largest `value` first, then by item and token. */
  places: FittingPlace[];
}

export interface TogetherQuestion {
  within: 'token' | 'text';
  all: readonly number[];
  none: readonly number[];
}

/**
 * Looks through the sampled tokens of a scan. Of a text only its sampled tokens are known: within `text` it fits when all
 * of `all` fire on some of them and none of `none` on any; its place is where the first of `all` is strongest.
 */
export function findTogether(sample: TokenSample, { within, all, none }: TogetherQuestion): Together {
  const unwanted = new Set(none);
  const groups = new Map<number, Group>();
  for (let row = 0; row < sample.rows; row++) {
    const key = within === 'token' ? row : sample.item[row]!;
    let group = groups.get(key);
    if (!group) {
      group = { item: sample.item[row]!, token: sample.token[row]!, values: all.map(() => 0), fits: true };
      groups.set(key, group);
    }
    for (let e = sample.offsets[row]!; e < sample.offsets[row + 1]!; e++) {
      const [feature, value] = [sample.indices[e]!, sample.values[e]!];
      if (unwanted.has(feature)) group.fits = false;
      const place = all.indexOf(feature);
      if (place < 0 || value <= group.values[place]!) continue;
      group.values[place] = value;
      if (place === 0) group.token = sample.token[row]!;
    }
  }
  const places = [...groups.values()]
    .filter(({ fits, values }) => fits && values.every((value) => value > 0))
    .map(({ item, token, values }) => ({ item, token, value: Math.min(...values) }))
    .sort((a, b) => b.value - a.value || a.item - b.item || a.token - b.token);
  return { looked: groups.size, places };
}

interface Group {
  item: number;
  token: number;
  /** [all] largest value of each. */
  values: number[];
  fits: boolean;
}
