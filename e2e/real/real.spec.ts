import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import type { HeadlessAnswer, HeadlessJob, HeadlessResult } from '../../src/cli/protocol.ts';
import { serveFolders } from '../../src/cli/serve.ts';
import type { FolderReference } from '../../src/engine/protocol.ts';
import { startHub, type TestHub } from '../../src/testing/test-hub.ts';
import { exported, numbersOf, ready, type } from '../support.ts';

const REAL = process.env.FACET_REAL ?? 'training/work/real';
const HUB = join(REAL, 'hub');

interface Golden {
  d_vocab: number;
  prompts: { text: string; ids: number[]; greedy: number[]; greedy_text: string }[];
}
const golden = JSON.parse(readFileSync(join(REAL, 'golden/golden.json'), 'utf8')) as Golden;
const bytes = readFileSync(join(REAL, 'golden/logits.f32'));
const logits = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** `smollm2/hf` and `smollm2/gguf` as repositories of a hub on this computer; hard links, so that nothing is copied. */
function layOut(): void {
  rmSync(HUB, { recursive: true, force: true });
  for (const layout of ['hf', 'gguf']) {
    mkdirSync(join(HUB, 'smollm2', layout), { recursive: true });
    for (const name of readdirSync(join(REAL, layout)))
      linkSync(join(REAL, layout, name), join(HUB, 'smollm2', layout, name));
  }
}

let hub: TestHub;
test.beforeAll(async () => {
  layOut();
  hub = await startHub({ root: HUB });
});
test.afterAll(() => hub.close());

/** Runs in the page and in its workers. */
async function heapBytes(): Promise<number> {
  const { memory } = performance as unknown as { memory?: { usedJSHeapSize: number } };
  return memory?.usedJSHeapSize ?? 0;
}

interface Measured {
  worst: number;
  mean: number;
  agree: number;
  positions: number;
  greedy: number;
}

/** Reads each prompt and its greedy continuation at once: what is likeliest at each place is what greedy reading gives. */
async function measure(
  page: Page,
  model: FolderReference,
  storage: 'file' | 'f16' | 'f32',
): Promise<Measured> {
  const result: Measured = { worst: 0, mean: 0, agree: 0, positions: 0, greedy: 0 };
  let row = 0;
  let sum = 0;
  for (const { text, ids, greedy, greedy_text: continuation } of golden.prompts) {
    const job: HeadlessJob = {
      analyze: {
        text: text + continuation,
        model,
        dictionary: null,
        top: 1,
        logits: 'all',
        captures: [],
        storage,
        backend: 'webgpu',
      },
    };
    // As text: Playwright would wrap each of two million numbers.
    const said = await page.evaluate(
      async (asked) => JSON.stringify(await globalThis.facetHeadless!(asked)),
      job,
    );
    const answer = JSON.parse(said) as HeadlessAnswer;
    if (!answer.ok) throw new Error(`${answer.error.message} ${answer.error.hint ?? ''}`);
    const found = answer.result as HeadlessResult;
    expect(found.tokens.map(({ id }) => id)).toEqual([...ids, ...greedy]);
    const ours = found.logits!;
    for (let t = 0; t < ids.length; t++, row++) {
      const theirs = logits.subarray(row * golden.d_vocab, (row + 1) * golden.d_vocab);
      theirs.forEach((value, v) => {
        const error = Math.abs(value - ours[t]![v]!);
        sum += error;
        result.worst = Math.max(result.worst, error);
      });
      result.agree += Number(argMax(ours[t]!) === argMax(theirs));
      result.positions += 1;
    }
    greedy.forEach((id, i) => (result.greedy += Number(argMax(ours[ids.length - 1 + i]!) === id)));
  }
  result.mean = sum / (row * golden.d_vocab);
  return result;
}

function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function folder(layout: string): FolderReference {
  const files = readdirSync(join(REAL, layout)).map((path) => ({
    path,
    bytes: statSync(join(REAL, layout, path)).size,
    // Not what is tested here.
    sha256: '0'.repeat(64),
  }));
  return { folder: `local/${layout}/`, id: layout, files };
}

const ALL = 20 * golden.prompts.length;
for (const [layout, storage] of [
  ['hf', 'f32'],
  ['gguf', 'f32'],
  ['hf', 'f16'],
] as const) {
  test(`logits and greedy text of transformers: ${layout} as ${storage}`, async ({ page }) => {
    const server = await serveFolders({ '/': 'dist', [`/local/${layout}/`]: join(REAL, layout) });
    try {
      await page.goto(`${server.origin}headless.html`);
      await page.waitForFunction(() => globalThis.facetHeadless !== undefined);
      const { worst, mean, agree, positions, greedy } = await measure(page, folder(layout), storage);
      console.log(
        `${layout} as ${storage}: error of logits at most ${worst.toExponential(2)}, mean ${mean.toExponential(2)}; ` +
          `most likely token the same at ${agree} of ${positions} positions; ${greedy} of ${ALL} greedy tokens`,
      );
      expect(positions).toBe(logits.length / golden.d_vocab);
      if (storage === 'f32') {
        expect(worst).toBeLessThanOrEqual(2e-3);
        expect(greedy).toBe(ALL);
      } else {
        expect(agree / positions).toBeGreaterThanOrEqual(0.99);
      }
    } finally {
      await server.close();
    }
  });
}

for (const layout of ['hf', 'gguf'] as const) {
  test(`from a hub through the Models view: ${layout}`, async ({ page }) => {
    await page.goto('/#/models');
    const settings = page.getByRole('region', { name: 'Hub and access token', exact: true });
    await settings.getByLabel('Address of the hub').fill(hub.origin);
    await settings.getByRole('button', { name: 'Save' }).click();
    await expect(settings.getByRole('status')).toContainText('Saved.');
    await page.getByRole('searchbox', { name: 'Search, or name a repository' }).fill(`smollm2/${layout}`);
    await page.getByRole('button', { name: `Show smollm2/${layout}` }).click();
    const opening = page.getByRole('group', { name: 'Open this model' });
    await opening.getByRole('button', { name: `Look at smollm2/${layout}` }).click();
    // Of page and workers, as often as they answer while files arrive and go to the GPU.
    let peak = 0;
    const watching = new AbortController();
    const watched = (async () => {
      while (!watching.signal.aborted) {
        const all = [page.evaluate(heapBytes), ...page.workers().map((worker) => worker.evaluate(heapBytes))];
        const heaps = await Promise.all(all.map((heap) => heap.catch(() => 0)));
        peak = Math.max(
          peak,
          heaps.reduce((sum, heap) => sum + heap, 0),
        );
      }
    })();
    const started = performance.now();
    await opening.getByRole('button', { name: /^Download .* and open/ }).click();
    await expect(page.getByRole('listbox', { name: 'Tokens' })).toBeVisible();
    const opened = performance.now();
    await ready(page);
    const [first] = golden.prompts;
    await type(page, first!.text);
    // The most likely next token, with its share, as transformers has it.
    const theirs = logits.subarray(
      (first!.ids.length - 1) * golden.d_vocab,
      first!.ids.length * golden.d_vocab,
    );
    const best = argMax(theirs);
    const share = 1 / theirs.reduce((sum, value) => sum + Math.exp(value - theirs[best]!), 0);
    const [likeliest] = numbersOf(await exported(page, 'Next token'));
    console.log(`next token: ours ${likeliest!.join(' ')}, theirs ${best} ${share}`);
    expect(likeliest!.some((value) => Math.abs(value - share) < 1e-3)).toBe(true);
    watching.abort();
    await watched;
    const fetched = hub.log.reduce((sum, { path }) => sum + (path.includes('resolve') ? 1 : 0), 0);
    console.log(
      `${layout}: ${((opened - started) / 1000).toFixed(1)} s from click to tokens, heaps of JavaScript together at most ${(peak / 2 ** 20).toFixed(0)} MiB, ${fetched} requests for files`,
    );
  });
}
