import { AxeBuilder } from '@axe-core/playwright';
import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page } from '@playwright/test';

/** Opens the page, or a link to a view, and waits until the text has been read. */
export async function open(page: Page, fragment = ''): Promise<void> {
  await page.goto(`/${fragment}`);
  await ready(page);
}

export async function ready(page: Page): Promise<void> {
  const strip = page.getByRole('listbox', { name: 'Tokens' });
  // A page that says why there is no view fails at once, in its own words.
  const stopped = page.locator('.status-page:not([aria-busy])');
  await expect(strip.or(stopped)).toBeVisible({ timeout: 60_000 });
  if (await stopped.isVisible()) throw new Error(await stopped.innerText());
  await settled(page);
}

/** Waits until no text is being read. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator('.prompt-meta')).not.toContainText('reading', { timeout: 60_000 });
}

export const prompt = (page: Page): Locator => page.getByRole('textbox', { name: 'Text' });
export const tokens = (page: Page): Locator =>
  page.getByRole('listbox', { name: 'Tokens' }).getByRole('option');
export const panel = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
export const features = (page: Page): Locator => panel(page, 'Features').locator('.feature-open');
export const figure = (page: Page, name: string): Locator => page.locator(`[data-figure="${name}"]`);

export async function type(page: Page, text: string): Promise<void> {
  await prompt(page).fill(text);
  await settled(page);
}

/** The numbers behind a panel, in full: what its CSV export holds. */
export async function exported(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: `Export ${name}`, exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: /CSV/ }).click();
  return readFile(await (await download).path(), 'utf8');
}

/** Numbers of a CSV, row by row; what is not a number is left out. */
export function numbersOf(csv: string): number[][] {
  return csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number).filter(Number.isFinite));
}

/**
 * Puts a script in front of the engine's, inside its worker, where Playwright's init scripts do not reach: for browsers
 * that lack something, and for devices that fail.
 */
export async function beforeEngine(page: Page, script: string): Promise<void> {
  await page.route('**/assets/engine.worker-*.js', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${script}\n${await response.text()}` });
  });
}

/** Makes `loseDevice` possible; before the page is opened. */
export async function loseDeviceOnDemand(page: Page): Promise<void> {
  await beforeEngine(
    page,
    `const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      const device = await request.call(this, descriptor);
      const lost = Promise.withResolvers();
      Object.defineProperty(device, 'lost', { get: () => lost.promise });
      new BroadcastChannel('lose').onmessage = () => {
        lost.resolve({ reason: 'unknown', message: 'as a test asked' });
        device.destroy();
      };
      return device;
    };`,
  );
}

export async function loseDevice(page: Page): Promise<void> {
  // A channel has no target origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  await page.evaluate(() => new BroadcastChannel('lose').postMessage(0));
}

/** @param part what has just opened; the rest of the page was looked at before, and a whole page takes long */
export async function violations(page: Page, part?: string, rules?: string[]): Promise<string[]> {
  let builder = new AxeBuilder({ page });
  if (part) builder = builder.include(part);
  if (rules) builder = builder.withRules(rules);
  const { violations: found } = await builder.analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** All rules in the light; in the dark, which changes colours and nothing else, those of contrast. */
export async function violationsInBoth(page: Page, part?: string): Promise<string[]> {
  const light = await violations(page, part);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await violations(page, part, ['color-contrast']);
  await page.emulateMedia({ colorScheme: 'light' });
  return [...light, ...dark];
}

/** Ends the scoring that a page of heads begins by itself, unless it is done: what a test asks for is answered sooner. */
export async function stopScoring(page: Page): Promise<void> {
  const stop = page.getByRole('button', { name: 'Stop: Scoring heads' });
  const done = page.getByRole('button', { name: 'Read more texts' });
  await expect(stop.or(done)).toBeVisible({ timeout: 60_000 });
  await expect(async () => {
    if (await stop.isVisible()) await stop.click({ timeout: 5_000 });
  }).toPass({ timeout: 30_000 });
}

/** Charts take their new width a moment after the window has it. */
export async function noSidewaysScroll(page: Page): Promise<void> {
  const beyond = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect.poll(beyond).toBeLessThanOrEqual(0);
}

/** Records the names of the calls the page makes to its worker; before the page is opened. */
export async function recordCalls(page: Page): Promise<void> {
  await page.addInitScript(() => {
    // Called with its worker below.
    // oxlint-disable-next-line typescript/unbound-method
    const { postMessage } = Worker.prototype;
    const calls: string[] = [];
    Object.assign(globalThis, { calls });
    Worker.prototype.postMessage = function (this: Worker, message: { path?: string[] }, ...rest: unknown[]) {
      if (message.path?.[0]) calls.push(message.path[0]);
      return (postMessage as (...all: unknown[]) => void).call(this, message, ...rest);
    };
  });
}

export function askedOfEngine(page: Page): Promise<string[]> {
  return page.evaluate(() => [...(globalThis as unknown as { calls: string[] }).calls]);
}

/**
 * Presses a button the moment it can be: where the processor is quick, what it stops may soon be over.
 * @param shown CSS selector of what must have this text first
 */
export const pressAtOnce = (
  within: Locator,
  name: string,
  shown?: { selector: string; text: string },
): Promise<void> =>
  within.evaluate(
    (node, { name: wanted, shown: first }) => {
      const press = (): void => {
        if (first && !node.querySelector(first.selector)?.textContent.includes(first.text)) return;
        const buttons = [...node.querySelectorAll('button')];
        const button = buttons.find(({ textContent, disabled }) => textContent === wanted && !disabled);
        if (!button) return;
        observer.disconnect();
        button.focus();
        button.click();
      };
      const observer = new MutationObserver(press);
      observer.observe(node, { attributes: true, characterData: true, childList: true, subtree: true });
      press();
    },
    { name, shown },
  );
