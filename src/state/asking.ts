import { FacetError } from '../shared/errors.ts';
import { runningEngine } from './engine.ts';
import type { EngineClient } from '../engine/client.ts';
import type { Progress } from '../engine/protocol.ts';
import type { Asked } from './heads.ts';
import { Slots } from './slots.ts';

export type { Asked };
export const NOTHING_ASKED = { key: '', of: '', running: false } as const;

export interface AskOptions {
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

/**
 * Questions by name, one of each at a time: the newest wins, what is here stays, marked by `of`, until its answer comes, and
 * the same is not asked twice.
 */
export function asking<Answers extends object>(
  get: () => { [Name in keyof Answers]: Asked<Answers[Name]> },
  put: <Name extends keyof Answers>(name: Name, asked: Asked<Answers[Name]>) => void,
) {
  const slots = new Slots<keyof Answers & string>();

  /** @param key says all that the answer depends on */
  async function ask<Name extends keyof Answers & string>(
    name: Name,
    key: string,
    run: (engine: EngineClient, options: AskOptions) => Promise<Answers[Name]>,
  ): Promise<void> {
    const before = get()[name];
    if (before.key === key) return;
    const engine = runningEngine();
    if (!engine) return;
    const signal = slots.newest(name);
    put(name, { key, of: before.of, value: before.value, running: true });
    const onProgress = (progress: Progress): void => {
      if (!signal.aborted) put(name, { ...get()[name], progress });
    };
    try {
      const value = await run(engine, { signal, onProgress });
      if (!signal.aborted) put(name, { key, of: key, value, running: false });
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = FacetError.from(thrown);
      // After the GPU came back, or the model was opened anew, it may be asked again.
      const lost = failure.code === 'device-lost' || failure.code === 'cancelled';
      put(
        name,
        lost ? { ...get()[name], key: '', running: false } : { key, of: '', running: false, failure },
      );
    }
  }

  /** By the visitor. What answers another question does not pass for the answer to this one. */
  function stop(name: keyof Answers & string): void {
    slots.abort(name);
    const { key, of, value } = get()[name];
    put(name, {
      key,
      of: of === key ? of : '',
      value: of === key ? value : undefined,
      running: false,
      stopped: true,
    });
  }

  /** Nothing is asked any more, and nothing known. */
  function clear(...names: (keyof Answers & string)[]): void {
    slots.abort(...names);
    for (const name of names) if (get()[name] !== NOTHING_ASKED) put(name, NOTHING_ASKED);
  }

  /** So that the same is asked again. */
  function forget(name: keyof Answers & string): void {
    put(name, { ...get()[name], key: '' });
  }

  return { ask, stop, clear, forget };
}
