import type { ModelConfig } from '../../model/config.ts';
import { hookWidth, parseHook } from '../../model/hooks.ts';
import { FacetError } from '../../shared/errors.ts';
import type { RowsPlan } from './rows.ts';
import { type Depth, residualHook, type Site, writtenBefore } from './stream.ts';

/** A step of a trail: into what one head of a layer brings from one row. */
export interface HeadStep {
  layer: number;
  head: number;
  source: number;
}

/** A head step and where it is taken. */
export interface PathStep extends HeadStep {
  /** Row of the query. */
  row: number;
  /** Whether the head is one that wrote to the stream; else it is one a feature on `hook_z` reads. */
  written: boolean;
}

/** Where a trail ends. */
export type PathEnd =
  | { kind: 'z'; layer: number; row: number }
  | { kind: 'residual'; depth: Depth; row: number };

/**
 * Holds a trail against the model: each head must lie before what is split so far, each row not after it.
 * @throws FacetError `bad-input` naming the step
 */
export function pathOf(
  config: ModelConfig,
  start: { site: Site; row: number; rows: number },
  steps: readonly HeadStep[],
): { path: PathStep[]; end: PathEnd } {
  const { site, rows } = start;
  if (!isBelow(start.row, rows))
    throw new FacetError('bad-input', `There is no row ${start.row}; the text has ${rows}, from 0.`);
  let end: PathEnd =
    site.kind === 'z'
      ? { kind: 'z', layer: site.layer, row: start.row }
      : { kind: 'residual', depth: site.depth, row: start.row };
  const path = steps.map(({ layer, head, source }, i): PathStep => {
    const { row } = end;
    const written = end.kind === 'residual';
    const reachable = end.kind === 'z' ? layer === end.layer : isBelow(layer, writtenBefore(end.depth).heads);
    if (!reachable || !isBelow(head, config.nHeads) || !isBelow(source, row + 1)) {
      throw new FacetError(
        'bad-input',
        `Step ${i + 1} of the trail, head ${layer}.${head} reading row ${source}, is not part of what comes before it.`,
        { hint: 'Shorten the trail.' },
      );
    }
    end = { kind: 'residual', depth: 2 * layer, row: source };
    return { layer, head, source, row, written };
  });
  return { path, end };
}

function isBelow(value: number, bound: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < bound;
}

/** What must be read of a run to follow a path and to split what is at its end. */
export function rowsOfPath(
  config: ModelConfig,
  start: { site: Site; row: number; hook: string },
  { path, end }: { path: readonly PathStep[]; end: PathEnd },
  upstream: readonly { hook: string; hookOut: string }[],
): Omit<RowsPlan, 'ids'> {
  const { site } = start;
  const rows = [{ hook: start.hook, row: start.row }];
  const patterns: { layer: number; row: number }[] = [];
  const values = new Set<number>();
  const attention = (layer: number, row: number, written: boolean): void => {
    patterns.push({ layer, row });
    if (written && config.sandwich) rows.push({ hook: `blocks.${layer}.ln1_post.hook_scale`, row });
  };
  if (site.kind === 'residual' && site.norm)
    rows.push({ hook: `${site.norm.prefix}.hook_scale`, row: start.row });
  for (const { layer, row, source, written } of path) {
    attention(layer, row, written);
    rows.push({ hook: `blocks.${layer}.attn.hook_v`, row: source });
    rows.push({ hook: `blocks.${layer}.ln1.hook_scale`, row: source });
  }
  const { row } = end;
  if (end.kind === 'z') {
    attention(end.layer, row, false);
    values.add(end.layer);
  } else {
    const { heads, mlps } = writtenBefore(end.depth);
    rows.push({ hook: 'hook_embed', row }, { hook: residualHook(end.depth, config), row });
    if (config.learnedPositions) rows.push({ hook: 'hook_pos_embed', row });
    for (let layer = 0; layer < heads; layer++) {
      attention(layer, row, true);
      values.add(layer);
    }
    for (let layer = 0; layer < mlps; layer++) rows.push({ hook: `blocks.${layer}.hook_mlp_out`, row });
    for (const { hook, hookOut } of upstream) rows.push({ hook, row }, { hook: hookOut, row });
  }
  const widths = rows.filter(({ hook }) => hookWidth(parseHook(hook, config), config) !== undefined);
  if (widths.length < rows.length) throw new FacetError('bug', 'a hook without rows');
  return { rows, patterns, values: [...values] };
}
