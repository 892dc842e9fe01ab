import { expose } from 'comlink';
import { installErrorTransfer } from '../engine/transfer.ts';
import { browserLock, browserSpace, OpfsStore } from '../library/opfs-store.ts';
import { localLock, MemoryStore } from '../library/store.ts';
import { Corpora, type Ground } from './corpora.ts';

async function ground(): Promise<Ground> {
  const store = await OpfsStore.open('corpora');
  if (store) return { store, space: browserSpace, lock: browserLock };
  // A store that only this worker sees needs no locks between tabs.
  return { store: new MemoryStore(), space: browserSpace, lock: localLock() };
}

installErrorTransfer();
expose(new Corpora(ground()));
