import { proxy, wrap } from 'comlink';
import type { PeersWorker } from './worker.ts';

declare global {
  /** Called by the runner in Node, which reads the answer as JSON. */
  var measure: (asked: Parameters<PeersWorker['measure']>[0]) => Promise<string>;
}

globalThis.measure = async (asked) => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener('error', ({ message }) =>
      reject(new Error(message || 'the worker could not start')),
    );
  });
  const say = proxy((line: string) => console.log(line));
  const found = await Promise.race([wrap<PeersWorker>(worker).measure(asked, say), failed]);
  worker.terminate();
  return JSON.stringify(found);
};
