import { create } from 'zustand';
import type { BackendChoice } from '../engine/protocol.ts';

export const BACKENDS = ['auto', 'webgpu', 'cpu'] as const satisfies readonly BackendChoice[];

const KEY = 'facet-backend';

const known = (name: string | null): BackendChoice | undefined =>
  BACKENDS.find((backend) => backend === name);

/** The page's address without what was asked for in it: what a visitor chose, and what they share. */
export function ownAddress(): string {
  const address = new URL(location.href);
  address.searchParams.delete('backend');
  return address.href;
}

/** `?backend=` of the address, for tests and support, holds for this page and is kept nowhere. */
function chosen(): BackendChoice {
  try {
    const asked = known(new URLSearchParams(location.search).get('backend'));
    return asked ?? known(localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    return 'auto';
  }
}

/** What is to compute: a visitor's own choice, kept in this browser and in no link. */
export const useBackend = create<{ backend: BackendChoice; keepBackend: (backend: BackendChoice) => void }>()(
  (set) => ({
    backend: chosen(),
    keepBackend(backend) {
      set({ backend });
      if (location.search !== '') history.replaceState(null, '', ownAddress());
      try {
        localStorage.setItem(KEY, backend);
      } catch {
        // Storage switched off: the choice holds until the page is closed.
      }
    },
  }),
);
