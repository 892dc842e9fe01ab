/** An event of Chromium's trace format. Times are microseconds. */
export interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  /** By the thread's own clock, which stands still while others have the processor. */
  tdur?: number;
  args?: { name?: string };
}

/** What DevTools counts as scripting. */
const SCRIPTING = new Set([
  'EvaluateScript',
  'EventDispatch',
  'FunctionCall',
  'RunMicrotasks',
  'TimerFire',
  'FireAnimationFrame',
  'v8.run',
  'v8.compile',
  'v8.compileModule',
  'v8.evaluateModule',
  'v8.wasm.compileModule',
  'v8.callFunction',
]);

/** Workers do nothing else; what follows a promise there is not always an event of its own. */
const WORKER = { thread: 'DedicatedWorker thread', task: 'ThreadControllerImpl::RunTask' };

/** Milliseconds spent in script, all threads together; what runs inside something counted is not counted again. */
export function scriptingMs(events: readonly TraceEvent[]): number {
  const threadOf = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const workers = new Set(
    events.filter(({ name, args }) => name === 'thread_name' && args?.name === WORKER.thread).map(threadOf),
  );
  const threads = new Map<string, TraceEvent[]>();
  for (const event of events) {
    const thread = threadOf(event);
    const counts = SCRIPTING.has(event.name) || (event.name === WORKER.task && workers.has(thread));
    if (event.ph !== 'X' || event.dur === undefined || !counts) continue;
    const own = threads.get(thread);
    if (own) own.push(event);
    else threads.set(thread, [event]);
  }
  let total = 0;
  for (const own of threads.values()) {
    let end = -Infinity;
    for (const { ts, dur, tdur } of own.toSorted((a, b) => a.ts - b.ts || b.dur! - a.dur!)) {
      if (ts < end) continue;
      total += tdur ?? dur!;
      end = ts + dur!;
    }
  }
  return total / 1_000;
}
