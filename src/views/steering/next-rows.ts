import type { Comparison, Side } from '../../engine/protocol.ts';
import type { TableData } from '../shared/download.ts';

/** A token that one side or another expects next. */
export interface NextRow {
  id: number;
  text: string;
  base: Chance;
  steered: Chance;
  frozen?: Chance;
}

/** A probability, or the least of what a side lists where the token is not among it. */
export interface Chance {
  p: number;
  /** The true one is at most `p`. */
  below: boolean;
}

type Sides = Pick<Comparison, 'base' | 'steered' | 'frozen'>;

function chances(side: Side, name: 'before' | 'after', movers: Side['movers']): (id: number) => Chance {
  const known = new Map<number, number>();
  for (const { id, [name]: p } of movers) known.set(id, p);
  side.next.ids.forEach((id, rank) => known.set(id, side.next.probs[rank]!));
  const least = side.next.probs.at(-1) ?? 1;
  return (id) => {
    const p = known.get(id);
    return p === undefined ? { p: least, below: true } : { p, below: false };
  };
}

/**
 * The likeliest of every side: those of the base in its order, so that they keep their places while a slider moves, then
 * what the other sides bring, largest first; ties by id. @param most of each side
 */
export function nextRows({ base, steered, frozen }: Sides, most: number): NextRow[] {
  const before = chances(base, 'before', [...steered.movers, ...(frozen?.movers ?? [])]);
  const after = chances(steered, 'after', steered.movers);
  const held = frozen && chances(frozen, 'after', frozen.movers);
  const rowsOf = ({ next }: Side): NextRow[] =>
    Array.from(next.ids.subarray(0, most), (id, rank) => ({
      id,
      text: next.texts[rank]!,
      base: before(id),
      steered: after(id),
      ...(held && { frozen: held(id) }),
    }));
  const first = rowsOf(base);
  const seen = new Set(first.map(({ id }) => id));
  const top = ({ steered: s, frozen: f }: NextRow): number =>
    Math.max(...[s, f].map((chance) => (chance && !chance.below ? chance.p : 0)));
  const brought = [steered, ...(frozen ? [frozen] : [])]
    .flatMap(rowsOf)
    .filter(({ id }) => !seen.has(id) && seen.add(id))
    .sort((a, b) => top(b) - top(a) || a.id - b.id);
  return [...first, ...brought];
}

const exact = (chance: Chance | undefined): number | null => (!chance || chance.below ? null : chance.p);

export function nextTable(rows: readonly NextRow[]): TableData {
  const frozen = rows.some((row) => row.frozen);
  return {
    columns: [
      'token',
      'id',
      'probability as is',
      'probability steered',
      ...(frozen ? ['probability steered, attention frozen'] : []),
    ],
    rows: rows.map(({ text, id, base, steered, frozen: held }) => [
      text,
      id,
      exact(base),
      exact(steered),
      ...(frozen ? [exact(held)] : []),
    ]),
  };
}

export function moversTable({ movers }: Side): TableData {
  return {
    columns: ['token', 'id', 'probability as is', 'probability steered', 'change'],
    rows: movers.map(({ text, id, before, after }) => [text, id, before, after, after - before]),
  };
}

/** Nats from which on a prediction counts as moved. */
export const MOVED = 1e-3;

export interface Losses {
  base: number;
  steered: number;
  frozen?: number;
  /** Tokens with a loss. */
  tokens: number;
  /** Mean over the rows from the first that moves; NaN where none does. */
  kl: number;
  /** The first row whose prediction moves. */
  first: number | undefined;
}

/** Means over the rows of the text. */
export function lossesOf({ base, steered, frozen }: Sides): Losses {
  const mean = (values: readonly number[]): number =>
    values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
  const known = (values: Float32Array): number[] => [...values].filter((value) => !Number.isNaN(value));
  const first = steered.kl.findIndex((kl) => kl > MOVED);
  return {
    base: mean(known(base.loss)),
    steered: mean(known(steered.loss)),
    ...(frozen && { frozen: mean(known(frozen.loss)) }),
    tokens: known(base.loss).length,
    kl: first < 0 ? NaN : mean([...steered.kl.subarray(first)]),
    first: first < 0 ? undefined : first,
  };
}

const orNone = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** @param positionAt of a row, as links count */
export function tokensTable(
  { tokens, base, steered, frozen }: Pick<Comparison, 'tokens'> & Sides,
  positionAt: (row: number) => number,
  acted: readonly boolean[],
): TableData {
  return {
    columns: [
      'position',
      'token',
      'acted on',
      'loss as is, nats',
      'loss steered, nats',
      'KL as is to steered, nats',
      ...(frozen ? ['loss attention frozen, nats', 'KL as is to attention frozen, nats'] : []),
    ],
    rows: tokens.map((text, row) => [
      positionAt(row),
      text,
      acted[row] ? 'yes' : 'no',
      orNone(base.loss[row]),
      orNone(steered.loss[row]),
      orNone(steered.kl[row]),
      ...(frozen ? [orNone(frozen.loss[row]), orNone(frozen.kl[row])] : []),
    ]),
  };
}
