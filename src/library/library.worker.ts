import { expose } from 'comlink';
import { installErrorTransfer } from '../engine/transfer.ts';
import { type Ground, Library } from './library.ts';
import { browserLock, browserSpace, OpfsStore } from './opfs-store.ts';
import { localLock, MemoryStore } from './store.ts';

async function ground(): Promise<Ground> {
  const store = await OpfsStore.open();
  if (store) return { store, space: browserSpace, lock: browserLock };
  // A store that only this worker sees needs no locks between tabs.
  return { store: new MemoryStore(), space: browserSpace, lock: localLock() };
}

installErrorTransfer();
expose(new Library(ground()));
