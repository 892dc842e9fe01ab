import type { KeptScan } from '../scan-protocol.ts';

export function keptScans(): Promise<KeptScan[]> {
  return Promise.resolve([]);
}

export function removeScan(_id: string): Promise<void> {
  return Promise.resolve();
}
