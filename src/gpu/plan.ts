/** When a tensor of a batch is needed: from its first use to its last, both included. */
export interface Life {
  bytes: number;
  first: number;
  last: number;
}

/** Which buffer each tensor is in, and how large the buffers must be. */
export interface Plan {
  /** Of each life, the buffer's number. */
  places: number[];
  /** Bytes of each buffer: those of the largest tensor that is ever in it. */
  sizes: number[];
}

/**
 * Shares buffers out to tensors so that no two that are needed at the same time are in one. Largest first, each into the
 * buffer that fits best: with the lives of a transformer's pass, all buffers together are hardly larger than what is needed
 * at its widest moment.
 * @source "greedy by size for shared objects", Pisarchyk & Lee 2020, arXiv:2001.03288
 */
export function planBuffers(lives: readonly Life[]): Plan {
  const places = lives.map(() => 0);
  const sizes: number[] = [];
  const tenants: Life[][] = [];
  const order = lives.map((life, index) => ({ life, index }));
  order.sort((a, b) => b.life.bytes - a.life.bytes || a.life.first - b.life.first || a.index - b.index);
  for (const { life, index } of order) {
    // Buffers are made in falling order of size, so that the last one that is free fits best.
    let place = sizes.length - 1;
    while (place >= 0 && !isFree(tenants[place]!, life)) place--;
    if (place < 0) {
      place = sizes.push(life.bytes) - 1;
      tenants.push([]);
    }
    places[index] = place;
    const own = tenants[place]!;
    own.splice(placeOf(own, life.first), 0, life);
  }
  return { places, sizes };
}

/** @param tenants one after the other @returns how many begin before */
function placeOf(tenants: readonly Life[], first: number): number {
  let [from, to] = [0, tenants.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (tenants[middle]!.first < first) from = middle + 1;
    else to = middle;
  }
  return from;
}

function isFree(tenants: readonly Life[], { first, last }: Life): boolean {
  const at = placeOf(tenants, first);
  const [before, after] = [tenants[at - 1], tenants[at]];
  return (!before || before.last < first) && (!after || after.first > last);
}
