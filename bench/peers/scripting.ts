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

/** Milliseconds spent in script, all threads together; what runs inside something counted is not counted again. */
export function scriptingMs(events: readonly TraceEvent[]): number {
  const threads = new Map<string, TraceEvent[]>();
  for (const event of events) {
    if (event.ph !== 'X' || event.dur === undefined || !SCRIPTING.has(event.name)) continue;
    const thread = `${event.pid} ${event.tid}`;
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
