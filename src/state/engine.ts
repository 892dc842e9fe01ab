import { type EngineClient, startEngine } from '../engine/client.ts';
import type { FacetError } from '../shared/errors.ts';
import { useBackend } from './backend.ts';

let engine: EngineClient | undefined;
let listener: (trouble: FacetError) => void = () => {};

/** The page's one engine, started when it is first asked for. */
export function theEngine(): EngineClient {
  engine ??= startEngine(
    useBackend.getState().backend,
    (trouble) => listener(trouble),
    () => {
      // A worker whose script failed answers nothing: the next try starts another.
      engine = undefined;
    },
  );
  return engine;
}

/** The engine, if one was started. */
export const runningEngine = (): EngineClient | undefined => engine;

/** @param told of a lost device or an uncaptured GPU error, at any time */
export function onEngineTrouble(told: (trouble: FacetError) => void): void {
  listener = told;
}
