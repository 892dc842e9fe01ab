// The k largest of a row that passes by, kept in the row of results itself as a binary heap: the entry that would be
// dropped next, the least value and of equals the highest index, is at its root.

const PADDING: u32 = 0xffffffff;

/** Whether entry `a` is dropped before entry `b`. */
function isWorse(values: usize, indices: usize, a: usize, b: usize): bool {
  const left = load<f32>(values + (a << 2));
  const right = load<f32>(values + (b << 2));
  return left < right || (left == right && load<u32>(indices + (a << 2)) > load<u32>(indices + (b << 2)));
}

function swap(values: usize, indices: usize, a: usize, b: usize): void {
  const value = load<u32>(values + (a << 2));
  store<u32>(values + (a << 2), load<u32>(values + (b << 2)));
  store<u32>(values + (b << 2), value);
  const index = load<u32>(indices + (a << 2));
  store<u32>(indices + (a << 2), load<u32>(indices + (b << 2)));
  store<u32>(indices + (b << 2), index);
}

/** Moves the root down to where it belongs among `count` entries. */
function siftDown(values: usize, indices: usize, count: usize): void {
  let at: usize = 0;
  for (;;) {
    let child = (at << 1) + 1;
    if (child >= count) return;
    if (child + 1 < count && isWorse(values, indices, child + 1, child)) child++;
    if (!isWorse(values, indices, child, at)) return;
    swap(values, indices, child, at);
    at = child;
  }
}

/** Adds an entry to `count` of at most `k`, in place of the root when there is no room. The count after. */
export function push(values: usize, indices: usize, count: usize, k: usize, value: f32, index: u32): usize {
  if (count == k) {
    store<f32>(values, value);
    store<u32>(indices, index);
    siftDown(values, indices, k);
    return k;
  }
  let at = count;
  store<f32>(values + (at << 2), value);
  store<u32>(indices + (at << 2), index);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isWorse(values, indices, at, parent)) break;
    swap(values, indices, at, parent);
    at = parent;
  }
  return count + 1;
}

/** Orders `count` entries, largest first, of equals the lowest index; the rest of `k` becomes padding. */
export function finishHeap(values: usize, indices: usize, count: usize, k: usize): void {
  for (let last = count; last > 1;) {
    swap(values, indices, 0, --last);
    siftDown(values, indices, last);
  }
  for (let i = count; i < k; i++) {
    store<f32>(values + (i << 2), 0);
    store<u32>(indices + (i << 2), PADDING);
  }
}
