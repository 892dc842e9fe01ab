import { FacetError } from '../shared/errors.ts';
import { layOut } from './layout.ts';
import type { FromMapWorker, ToMapWorker } from './messages.ts';

/** Between two partial layouts, in milliseconds. */
const PARTIAL_EVERY = 400;

// One layout a worker: whoever wants it no longer ends the worker.
self.onmessage = ({ data }: MessageEvent<ToMapWorker>) => {
  // A worker has no target origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  const tell = (message: FromMapWorker, moved: Transferable[] = []): void =>
    self.postMessage(message, { transfer: moved });
  let told = performance.now();
  try {
    const layout = layOut(data, (epoch, epochs, positions) => {
      if (performance.now() - told < PARTIAL_EVERY) return;
      told = performance.now();
      tell({ kind: 'partial', epoch, epochs, positions });
    });
    tell({ kind: 'done', layout }, [layout.positions.buffer]);
  } catch (thrown) {
    tell({ kind: 'failed', error: FacetError.from(thrown).toRecord() });
  }
};
