import { benchWorkloads } from '../../src/engine/bench/workloads.ts';
import { type MeasuredWorkload, type Results } from './results.ts';
import { COLD_TARGETS, PARTS, partOf } from './targets.ts';

type Spread = Results['cold'][number]['scriptingMs'];

const precise = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(2);
const times = (spread: Spread | undefined): string =>
  spread ? `${precise(spread.median)} (${precise(spread.lower)}–${precise(spread.upper)})` : '–';
/** Nothing another program says may end a cell or begin a tag. */
const plain = (text: string): string => text.replace(/[|<>\s]+/g, ' ').slice(0, 160);
const row = (...cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => plain(String(cell))).join(' | ')} |`;
/** `bench/results/peers.md`. */
export function markdownOf(results: Results): string {
  const { machine, browser, packages, workloads, cold } = results;
  const lines = [
    '# Against other runtimes',
    '',
    'Made by `npm run bench -- peers`. Everyone had the same weights and the same inputs, ran in turn in one browser, and was timed',
    'only when the answers agreed. Times are milliseconds, median (quartiles) of the rounds; ratios are taken round by round.',
    'Speed is the other’s time over ours, more is better; share is our time over that of the work it stands beside, less is',
    'better. “First” is the time to the first answer: weights put on the device, compilation, one run; whoever needed over two',
    'minutes for that was not run again, and it stands as its time.',
    '',
    `${plain(machine.processor)}, ${machine.cores} cores, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ${plain(machine.system)}; ${plain(browser)};`,
    `${Object.entries(packages)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ];
  for (const [part, title] of Object.entries(PARTS)) {
    const own = workloads.filter(({ id }) => {
      const workload = benchWorkloads.find((each) => each.id === id);
      return workload && partOf(workload) === part;
    });
    if (own.length > 0) lines.push('', `## (${part}) ${title}`, ...own.flatMap(sectionOf));
    if (part === 'g' && cold.length > 0) lines.push('', `## (g) ${title}`, '', ...coldTable(cold));
  }
  return `${lines.join('\n')}\n`;
}

function sectionOf({ id, outcomes, ratios, load, adapter, date, failure }: MeasuredWorkload): string[] {
  const workload = benchWorkloads.find((each) => each.id === id)!;
  const notes = outcomes.flatMap(({ name, refused = {} }) =>
    Object.entries(refused).map(([way, reason]) => `- ${name}, ${way}: ${plain(reason)}`),
  );
  return [
    '',
    `### ${workload.title}`,
    '',
    `${plain(adapter)}, ${date.slice(0, 16).replace('T', ' ')} UTC, load ${load.map((value) => value.toFixed(1)).join(' ')}.${failure ? ` **${plain(failure)}**` : ''}`,
    '',
    row('who', 'ms', 'rounds', 'first', 'difference'),
    row('---', '--:', '--:', '--:', '--:'),
    ...outcomes.map(({ name, way, ms, times: { length }, firstMs, difference }) =>
      row(
        way ? `${name} (${way})` : name,
        times(ms),
        length,
        firstMs === undefined ? '–' : precise(firstMs),
        difference?.toExponential(0) ?? '–',
      ),
    ),
    '',
    ...(ratios.length > 0
      ? [row('ours', 'against', 'of', 'ratio', 'target'), row('---', '---', '---', '--:', '---')]
      : []),
    ...ratios.map(({ name, against, of, value, target, reached, counts }) =>
      row(
        name,
        counts && of === 'speed' ? `**${against}**` : against,
        of,
        times(value),
        target
          ? `${target.bound === 'least' ? '≥' : '≤'} ${target.value}: ${reached ? 'reached' : 'short'}`
          : '',
      ),
    ),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ];
}

function coldTable(cold: Results['cold']): string[] {
  const said = (value: number, most: number): string => (value <= most ? 'reached' : 'short');
  return [
    'The built page with nothing cached, from navigation on. Scripting is what threads of the page spent in script by their own',
    'clocks, all together; bytes are those of scripts that had arrived at first paint, after gzip.',
    '',
    row(
      'backend',
      'rounds',
      'first paint',
      'first features',
      'scripting',
      'target',
      'script bytes',
      'target',
    ),
    row('---', '--:', '--:', '--:', '--:', '---', '--:', '---'),
    ...cold.map(({ backend, rounds, firstPaintMs, firstFeaturesMs, scriptingMs, scriptBytes }) =>
      row(
        backend,
        rounds,
        times(firstPaintMs),
        times(firstFeaturesMs),
        times(scriptingMs),
        backend === 'cpu' ? `≤ 1,500 ms: ${said(scriptingMs.median, COLD_TARGETS.scriptingMs)}` : '',
        scriptBytes,
        `≤ 200 kB: ${said(scriptBytes, COLD_TARGETS.scriptBytes)}`,
      ),
    ),
  ];
}
