import type { KeptScan } from '../scan-protocol.ts';
import { scanKeeper } from './keeper.ts';

/** Scans on this device, last changed first. */
export async function keptScans(): Promise<KeptScan[]> {
  return (await scanKeeper()).list();
}

export async function removeScan(id: string): Promise<void> {
  await (await scanKeeper()).remove(id);
}
