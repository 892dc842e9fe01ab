/** The file that `scripts/vite-plugins.ts` makes of `service-worker.ts`. */
const SCRIPT = 'sw.js';

/**
 * Makes the page open without a network from the next visit on. Call it when the first load is done: it then fetches
 * what it has to keep, mostly from the browser's own cache. Nothing happens in development, over insecure addresses and
 * where the browser keeps nothing; the page works the same without it.
 * @param onUpdate told that a new version is ready, with what opens it (the page reloads, once)
 * @returns whether it is registered
 */
export async function registerShell(onUpdate: (open: () => void) => void): Promise<boolean> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return false;
  await new Promise<void>((resolve) =>
    'requestIdleCallback' in window ? requestIdleCallback(() => resolve()) : setTimeout(resolve),
  );
  const { serviceWorker } = navigator;
  try {
    const controlled = serviceWorker.controller !== null;
    const address = new URL(SCRIPT, document.baseURI);
    const registration = await serviceWorker.register(address, { updateViaCache: 'none' });
    let opened = false;
    const offer = async (worker: ServiceWorker): Promise<void> => {
      // The first one is no update; and the page comes from the network, so it may be the new version already.
      if (!serviceWorker.controller || (await belongs(worker))) return;
      onUpdate(() => {
        opened = true;
        worker.postMessage({ activate: true }, []);
      });
    };
    serviceWorker.addEventListener('controllerchange', () => {
      if (opened) location.reload();
      // Another tab opened the new version, whose cache has replaced the one of this page.
      else if (controlled) onUpdate(() => location.reload());
    });
    if (registration.waiting) void offer(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker?.addEventListener('statechange', () => {
        if (worker.state === 'installed') void offer(worker);
      });
    });
    void serviceWorker.ready.then(({ active }) => active?.postMessage({ keepOpening: true }, []));
    return true;
  } catch {
    return false;
  }
}

/** Whether this page is of the worker's version: its first script names all others, digests and all. */
function belongs(worker: ServiceWorker): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  const script = [...document.scripts].find(({ type }) => type === 'module')?.src;
  return new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data === true);
    worker.postMessage({ includes: script ?? import.meta.url }, [port2]);
  });
}
