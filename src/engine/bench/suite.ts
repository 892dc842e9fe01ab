import { discarding } from '../../analysis/discarding.ts';
import type { Batch } from '../../gpu/batch.ts';
import { FacetError } from '../../shared/errors.ts';
import { quartiles } from '../../shared/quartiles.ts';
import type { BenchProgress, BenchRequest, BenchRow, BenchRun, TimedRow } from '../protocol.ts';
import type { Session } from '../session.ts';
import { contextOf } from './context.ts';
import { type Clock, elapse } from './elapse.ts';
import { prepare } from './kinds/index.ts';
import { type BenchContext, Belongings, type Prepared } from './prepared.ts';
import { measureRoof } from './roof.ts';
import { type BenchWorkload, benchWorkloads } from './workloads.ts';

const USUAL_ROUNDS = 7;
const MOST_ROUNDS = 50;
/** Least time of a round, so that submitting is a small part of it. */
const LEAST_MS = 25;
const MOST_REPEATS = 256;
/** Of one workload that are told apart. */
const MOST_KERNELS = 32;
/** A batch with more dispatches is not timed one by one. */
const MOST_DISPATCHES = 1_024;

interface On {
  progress: (progress: BenchProgress) => void;
  partial: (run: BenchRun) => void;
}

/** A workload whose answer was right. */
interface Ready {
  workload: BenchWorkload;
  prepared: Prepared;
  repeats: number;
  /** Of one run each, milliseconds. */
  times: number[];
  /** Wall time of the last round, all repeats. */
  roundMs: number;
  row: TimedRow;
}

/** What was asked for, and what its ratios are to, in the order of the list. @throws FacetError `bad-input` */
export function chosenWorkloads({ workloads, rounds = USUAL_ROUNDS }: BenchRequest): BenchWorkload[] {
  const unknown = workloads.find((id) => !benchWorkloads.some((one) => one.id === id));
  if (unknown !== undefined)
    throw new FacetError('bad-input', `There is nothing to time called "${unknown.slice(0, 60)}".`);
  if (workloads.length === 0) throw new FacetError('bad-input', 'Nothing was chosen to be timed.');
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MOST_ROUNDS)
    throw new FacetError('bad-input', `Rounds are 1 to ${MOST_ROUNDS}, not ${rounds}.`);
  const wanted = new Set(workloads);
  for (const { id, beside } of benchWorkloads) if (wanted.has(id) && beside) wanted.add(beside);
  return benchWorkloads.filter(({ id }) => wanted.has(id));
}

/** See `BenchApi.run`. */
export async function runBench(session: Session, request: BenchRequest, on: On): Promise<BenchRun> {
  const { rounds = USUAL_ROUNDS } = request;
  const chosen = chosenWorkloads(request);
  const { opened } = session;
  const { gpu } = opened.model;
  const { vendor, architecture, description, software } = gpu.adapter;
  const run: BenchRun = {
    backend: gpu.backend,
    adapter: { vendor, architecture, description, software },
    clock: 'wall',
    model: { id: opened.info.id, digest: opened.info.digest },
    rounds: 0,
    rows: [],
  };
  using belongings = new Belongings();
  // Last of all.
  belongings.use({ [Symbol.dispose]: () => gpu.trim() });
  const context = contextOf(session, belongings);
  on.progress({ stage: 'roof', what: 'bandwidth and peak', done: 0, total: 1 });
  const { roof, clock } = await measureRoof(context);
  Object.assign(run, { roof, clock });
  const failed = new Map<string, BenchRow>();
  const ready: Ready[] = [];
  const tell = (): void => {
    const rowOf = ({ id }: BenchWorkload): BenchRow[] => {
      const row = failed.get(id) ?? ready.find(({ workload }) => workload.id === id)?.row;
      return row ? [row] : [];
    };
    run.rows = chosen.flatMap(rowOf);
    on.partial({ ...run, rows: run.rows.map((row) => ({ ...row })) });
  };
  for (const [done, workload] of chosen.entries()) {
    on.progress({ stage: 'check', what: workload.title, done, total: chosen.length });
    try {
      ready.push(await makeReady(context, workload, belongings, clock));
    } catch (thrown) {
      failed.set(workload.id, failedRow(workload, thrown));
    }
    tell();
  }
  const left = (from: number): number => ready.slice(from).reduce((sum, { roundMs }) => sum + roundMs, 0);
  for (let round = 0; round < rounds; round++) {
    for (const [i, item] of ready.entries()) {
      const done = round * ready.length + i;
      const secondsLeft = ((rounds - round - 1) * left(0) + left(i)) / 1000;
      on.progress({
        stage: 'rounds',
        what: item.workload.title,
        done,
        total: rounds * ready.length,
        secondsLeft,
      });
      await context.pause();
      const { ms, wallMs, kernels } = await context.turn(() =>
        elapse(gpu, recorder(item.prepared), item.repeats, clock),
      );
      item.times.push(ms / item.repeats);
      item.roundMs = wallMs;
      if (kernels.length > 0) item.row.kernels = kernels.slice(0, MOST_KERNELS);
    }
    run.rounds = round + 1;
    for (const item of ready) summarise(item, ready);
    tell();
  }
  return run;
}

/** Puts inputs on the device, checks the answer, and finds out how often to run in a round. */
async function makeReady(
  context: BenchContext,
  workload: BenchWorkload,
  belongings: Belongings,
  clock: Clock,
): Promise<Ready> {
  const { gpu, turn } = context;
  await context.pause();
  const prepared = belongings.use(await prepare(context, workload.shape));
  const { arrays } = await turn(() => {
    const batch = gpu.batch('check');
    return batch.submit(discarding(batch, () => prepared.record(batch)));
  });
  await prepared.check(arrays);
  const run = recorder(prepared);
  // The first compiles what the check did not need.
  await turn(() => elapse(gpu, run, 1, clock));
  const once = await turn(() => elapse(gpu, run, 1, clock));
  const repeats = Math.max(
    1,
    Math.min(
      MOST_REPEATS,
      Math.floor(MOST_DISPATCHES / Math.max(1, once.dispatches)),
      Math.ceil(LEAST_MS / Math.max(once.ms, 1e-3)),
    ),
  );
  const { flops, bytes } = once;
  const { id } = workload;
  const row: TimedRow = { id, checked: prepared.checked, repeats, flops, bytes };
  return { workload, prepared, repeats, times: [], roundMs: repeats * once.wallMs, row };
}

const recorder =
  (prepared: Prepared) =>
  (batch: Batch): void =>
    batch.release(...prepared.record(batch));

function summarise({ workload, times, row }: Ready, all: readonly Ready[]): void {
  row.ms = quartiles(times);
  const other = all.find((one) => one.workload.id === workload.beside);
  if (other) row.ratio = { to: other.workload.id, ...quartiles(times.map((ms, i) => ms / other.times[i]!)) };
}

/** @throws what ends the whole run: it was stopped, or the device is gone */
function failedRow({ id }: BenchWorkload, thrown: unknown): BenchRow {
  const failure = FacetError.from(thrown);
  if (failure.code === 'cancelled' || failure.code === 'device-lost') throw failure;
  return { id, failure: failure.toRecord() };
}
