import type { KeptScan } from '../scan-protocol.ts';
import { oneAtATime, scanKeeper } from './keeper.ts';

/** Scans on this device, last changed first. */
export async function keptScans(): Promise<KeptScan[]> {
  return (await scanKeeper()).list();
}

/** Waits for it to end, if it is running. */
export async function removeScan(id: string): Promise<void> {
  const keeper = await scanKeeper();
  await oneAtATime(id, new AbortController().signal, () => keeper.remove(id));
}
