import { FacetError } from '../shared/errors.ts';
import type { FeatureLayout, LayoutRequest } from './layout.ts';
import type { FromMapWorker, ToMapWorker } from './messages.ts';

export type { FeatureLayout, LayoutRequest } from './layout.ts';
export type { KeptMap } from './kept.ts';
export { keepMap, keptMap } from './kept.ts';

export interface LayoutOptions {
  /** Aborting ends the worker at once; the call rejects with code `cancelled`. */
  signal?: AbortSignal;
  /** The layout so far, a few times a second. */
  onPartial?: (positions: Float32Array<ArrayBuffer>, epoch: number, epochs: number) => void;
  /** Default: the map's own. */
  start?: () => Worker;
}

const startWorker = (): Worker =>
  new Worker(new URL('./map.worker.ts', import.meta.url), { type: 'module', name: 'facet-map' });

/**
 * A layout, made in a worker of its own. Buffers of the request are copied.
 * @throws FacetError `cancelled`; `bug` when the worker fails
 */
export function makeLayout(
  request: LayoutRequest,
  { signal, onPartial, start = startWorker }: LayoutOptions = {},
): Promise<FeatureLayout> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new FacetError('cancelled', 'Cancelled.'));
    const worker = start();
    const end = (settle: () => void): void => {
      worker.terminate();
      signal?.removeEventListener('abort', abort);
      settle();
    };
    const abort = (): void => end(() => reject(new FacetError('cancelled', 'Cancelled.')));
    signal?.addEventListener('abort', abort);
    worker.onerror = ({ message }) =>
      end(() => {
        const why = message || 'its script failed to load';
        reject(new FacetError('bug', `The map could not be made: ${why}.`, { hint: 'Reload the page.' }));
      });
    worker.onmessage = ({ data }: MessageEvent<FromMapWorker>) => {
      if (data.kind === 'partial') onPartial?.(data.positions, data.epoch, data.epochs);
      else if (data.kind === 'done') end(() => resolve(data.layout));
      else end(() => reject(new FacetError(data.error.code, data.error.message, data.error)));
    };
    // A worker has no target origin.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    worker.postMessage(request satisfies ToMapWorker);
  });
}
