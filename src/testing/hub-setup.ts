import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startHub } from './test-hub.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of a test hub with the repository `tiny/model`. */
    hub: string;
  }
}

/** Content of `tiny/model/model.safetensors`; not really one. */
export const HUB_WEIGHTS_BYTES = 3_000_000;

/** A hub beside the tests that run in a browser, which cannot start one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = mkdtempSync(join(tmpdir(), 'facet-hub-'));
  mkdirSync(join(root, 'tiny/model'), { recursive: true });
  writeFileSync(join(root, 'tiny/model/config.json'), '{"model_type":"gpt2"}');
  writeFileSync(
    join(root, 'tiny/model/model.safetensors'),
    Uint8Array.from({ length: HUB_WEIGHTS_BYTES }, (_, i) => (i * 31) % 251),
  );
  const hub = await startHub({ root });
  project.provide('hub', hub.origin);
  return async () => {
    await hub.close();
    rmSync(root, { recursive: true });
  };
}
