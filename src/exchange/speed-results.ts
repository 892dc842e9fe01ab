import * as v from 'valibot';
import type { BenchRun, BenchWorkload, Quartiles } from '../engine/protocol.ts';
import { placeUnder } from '../shared/roofline.ts';
import { checked, finite, ofFormat, parseJson, text } from './read-file.ts';

export const SPEED_FORMAT = 'facet-speed';
/** Code units of a file. */
const MAX_FILE = 1_000_000;
const MAX_ROWS = 64;

const positive = v.pipe(finite, v.gtValue(0), v.maxValue(1e18));
const notNegative = v.pipe(finite, v.minValue(0), v.maxValue(1e18));
const id = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a short name'));
const quartileFields = { median: positive, lower: positive, upper: positive };
const CROSSED = 'quartiles must not cross';
const inOrder = ({ median, lower, upper }: Quartiles): boolean => lower <= median && median <= upper;
const timed = v.object({
  id,
  checked: v.optional(text(300), ''),
  repeats: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000)),
  ms: v.pipe(v.object(quartileFields), v.check(inOrder, CROSSED)),
  flops: notNegative,
  bytes: notNegative,
  kernels: v.optional(
    v.pipe(
      v.array(
        v.object({
          kernel: v.pipe(v.string(), v.regex(/^[a-z0-9_]{1,60}$/, 'must be the name of a kernel')),
          dispatches: notNegative,
          ms: notNegative,
          flops: notNegative,
          bytes: notNegative,
        }),
      ),
      v.maxLength(32),
    ),
  ),
  ratio: v.optional(
    v.pipe(
      v.object({ ...quartileFields, to: id }),
      v.check((found) => inOrder(found), CROSSED),
    ),
  ),
});
const failed = v.object({ id, failure: text(500) });

const resultsSchema = v.object({
  /** When the run began, milliseconds since 1970. */
  made: v.pipe(finite, v.minValue(0), v.maxValue(8.64e15)),
  browser: text(200),
  backend: v.picklist(['webgpu', 'cpu']),
  adapter: v.object({
    vendor: text(200),
    architecture: text(200),
    description: text(300),
    software: v.boolean(),
  }),
  clock: v.picklist(['device', 'wall']),
  model: v.object({ id: text(500), digest: text(64) }),
  rounds: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000)),
  roof: v.optional(v.object({ bytesPerSecond: positive, flopsPerSecond: positive })),
  rows: v.pipe(
    v.array(v.union([timed, failed])),
    v.maxLength(MAX_ROWS),
    v.check((rows) => new Set(rows.map((row) => row.id)).size === rows.length, 'must not repeat'),
  ),
});
const fileSchema = v.object({
  format: v.literal(SPEED_FORMAT),
  version: v.literal(1),
  ...resultsSchema.entries,
});

/** What a run came to, with what is needed to read it elsewhere. */
export type SpeedResults = v.InferOutput<typeof resultsSchema>;
export type SpeedRow = SpeedResults['rows'][number];
export type SpeedTimed = Exclude<SpeedRow, { failure: string }>;

export const isTimed = (row: SpeedRow): row is SpeedTimed => 'ms' in row;

/** @returns undefined before the first round is over */
export function resultsOf(run: BenchRun, made: number, browser: string): SpeedResults | undefined {
  if (run.rounds === 0) return undefined;
  const { backend, adapter, clock, model, rounds, roof } = run;
  const rows = run.rows.flatMap((row): SpeedRow[] => {
    if ('failure' in row) return [{ id: row.id, failure: row.failure.message.slice(0, 500) }];
    const { ms, ...rest } = row;
    if (!ms) return [];
    if (ms.lower > 0) return [{ ...rest, ms }];
    return [{ id: row.id, failure: 'The device’s timestamps are too coarse for anything this short.' }];
  });
  return { made, browser, backend, adapter, clock, model, rounds, ...(roof && { roof }), rows };
}

/** A file of them; numbers in full. */
export function writeSpeed(results: SpeedResults): string {
  return `${JSON.stringify({ format: SPEED_FORMAT, version: 1, ...results }, null, 1)}\n`;
}

/** @throws FacetError `bad-input` saying which part is wrong */
export function readSpeed(content: string): SpeedResults {
  const found = parseJson(content, MAX_FILE);
  ofFormat(found, SPEED_FORMAT, 'a file of times');
  const { format: _format, version: _version, ...results } = checked(fileSchema, found);
  return results;
}

/** The same for a link: times to four digits, and without how answers were checked and what kernels took. */
export function writeSpeedShort(results: SpeedResults): string {
  const rows = results.rows.map((row) =>
    isTimed(row) ? { ...row, checked: undefined, kernels: undefined } : row,
  );
  return JSON.stringify({ format: SPEED_FORMAT, version: 1, ...results, rows }, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value,
  );
}

/** Adapter or processor, in words. */
export function deviceName({ backend, adapter }: Pick<SpeedResults, 'backend' | 'adapter'>): string {
  const { vendor, architecture, description } = adapter;
  const named = [...new Set([vendor, architecture, description])].filter(Boolean).join(' ');
  // The processor calls itself that.
  if (backend === 'cpu') return named.startsWith('CPU') ? named : ['CPU', named].filter(Boolean).join(': ');
  return `WebGPU${named && `: ${named}`}`;
}

/** Which browser, in a few words of its own description of itself. */
export function browserName(userAgent: string): string {
  // Most call themselves Chrome, and all of them Safari, besides what they are.
  const found = [
    /(Edg|OPR|FxiOS|CriOS)\/(\d+)/,
    /(Firefox|HeadlessChrome|Chrome)\/(\d+)/,
    /(Version)\/(\d+).* Safari/,
  ]
    .map((pattern) => pattern.exec(userAgent))
    .find((match) => match !== null);
  const [, name, version] = found ?? [];
  const names: Record<string, string> = { Version: 'Safari', Edg: 'Edge', OPR: 'Opera', FxiOS: 'Firefox', CriOS: 'Chrome', HeadlessChrome: 'Chrome' }; // oxfmt-ignore
  const system = /Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux/.exec(userAgent)?.[0];
  return [name === undefined ? 'a browser' : `${names[name] ?? name} ${version}`, system]
    .filter(Boolean)
    .join(' on ');
}

/** What stands in a table's cell must not end it, or begin something else. */
const cell = (content: string): string =>
  content.replace(/[\\|`<>[\]*_#\n\r]/g, (found) => (/\s/.test(found) ? ' ' : `\\${found}`));
const digits = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '–';

/** The same as a Markdown table, for issues and letters. @param workloads their titles */
export function speedMarkdown(results: SpeedResults, workloads: readonly BenchWorkload[]): string {
  const { roof, rounds, clock, browser, made, model } = results;
  const title = (of: string): string => cell(workloads.find((one) => one.id === of)?.title ?? of);
  const lines = results.rows.map((row) => {
    if (!isTimed(row)) return `| ${title(row.id)} | ${cell(row.failure)} | | | | | |`;
    const { ms, ratio } = row;
    const placed = placeUnder(roof, { ...row, ms: ms.median });
    const share = Number.isFinite(placed.share) ? `${digits(100 * placed.share)} % of ${placed.bound}` : '–';
    return `| ${[
      title(row.id),
      digits(ms.median),
      `${digits(ms.lower)} – ${digits(ms.upper)}`,
      ratio ? `${digits(ratio.median)} × ${title(ratio.to)}` : '–',
      digits(placed.gigaflopsPerSecond),
      digits(placed.gigabytesPerSecond),
      share,
    ].join(' | ')} |`;
  });
  const measured = roof
    ? `Measured: ${digits(roof.bytesPerSecond / 1e9)} GB/s by copying, ${digits(roof.flopsPerSecond / 1e9)} GFLOP/s of multiply-adds in registers.`
    : '';
  return [
    `**${cell(deviceName(results))}**, ${cell(browser)}, ${new Date(made).toISOString().slice(0, 10)}, model ${cell(model.id)}. Median of ${rounds} rounds by ${clock === 'device' ? 'the device’s timestamps' : 'the wall clock'}. ${measured}`,
    '',
    '| What | Median ms | Quartiles | Ratio | GFLOP/s | GB/s | Share of the roof |',
    '| --- | --: | --: | --: | --: | --: | --: |',
    ...lines,
    '',
    'Bytes: every input and output once. Ratio: median over the rounds of one time by another of the same round.',
    '',
  ].join('\n');
}
