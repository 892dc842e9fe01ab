import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { chromium } from '@playwright/test';
import { browserLaunch, findBrowser, HOW_TO_GET_A_BROWSER } from '../../scripts/browser.ts';
import { buildIfStale } from '../../scripts/build.mjs';
import type { FolderReference } from '../engine/protocol.ts';
import { FacetError } from '../shared/errors.ts';
import {
  type AnalyzeArguments,
  type InspectArguments,
  parseAnalyze,
  parseInspect,
  USAGE,
  UsageError,
} from './arguments.ts';
import { Locator } from './locate.ts';
import type { HeadlessAnswer, HeadlessJob, HeadlessRequest } from './protocol.ts';
import { type Mounts, serveFolders } from './serve.ts';

/** Entry of `npm run -s facet`. @returns the exit code: 0 done, 1 could not, 2 wrong arguments */
export async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  try {
    if (command === undefined || command === '--help' || command === '-h') {
      console.log(USAGE);
      return command === undefined ? 2 : 0;
    }
    if (command === 'inspect') return await inspect(parseInspect(rest));
    if (command !== 'analyze') throw new UsageError(`unknown command "${command}"`);
    const parsed = parseAnalyze(rest);
    if (parsed.text === '-') parsed.text = await readAll(process.stdin);
    return await analyze(parsed);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) return failed(FacetError.from(thrown));
    console.error(`facet: ${thrown.message}\n\n${USAGE}`);
    return 2;
  }
}

function failed({ message, hint }: { message: string; hint?: string }): number {
  console.error(`facet: ${message}${hint ? ` ${hint}` : ''}`);
  return 1;
}

const say = (line: string): void => console.error(line);

async function analyze(parsed: AnalyzeArguments): Promise<number> {
  const locator = new Locator({ endpoint: parsed.endpoint }, say);
  const { text, model, dictionary, top, logits, captures, storage, backend } = parsed;
  const request: HeadlessRequest = {
    text,
    model: model === undefined ? '' : await locator.find('model', model),
    dictionary: await dictionaryOf(dictionary, locator),
    top,
    logits,
    captures,
    storage,
    backend,
  };
  return print(await inBrowser(locator.mounts, { analyze: request }), parsed.json);
}

/** Not a folder or a repository: the engine knows the bundled ids, and lists them when this is none of them. */
async function dictionaryOf(
  name: string | undefined,
  locator: Locator,
): Promise<FolderReference | string | null | undefined> {
  if (name === undefined) return undefined;
  if (name === 'none') return null;
  return Locator.knows(name) ? locator.find('dictionary', name) : name;
}

async function inspect({ target, endpoint, json }: InspectArguments): Promise<number> {
  const locator = new Locator({ endpoint }, say);
  const reference = await locator.survey(target);
  return print(await inBrowser(locator.mounts, { inspect: reference }), json);
}

function print(answer: HeadlessAnswer, json: boolean): number {
  if (!answer.ok) return failed(answer.error);
  console.log(JSON.stringify(answer.result, null, json ? undefined : 1));
  return 0;
}

async function inBrowser(mounts: Mounts, job: HeadlessJob): Promise<HeadlessAnswer> {
  if (!findBrowser()) return { ok: false, error: { code: 'not-found', message: HOW_TO_GET_A_BROWSER } };
  await buildIfStale();
  const dist = resolve(import.meta.dirname, '../../dist');
  const server = await serveFolders({ '/': dist, ...mounts });
  const browser = await chromium.launch({ ...browserLaunch(), headless: true });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.origin}headless.html`);
    await page.waitForFunction(() => globalThis.facetHeadless !== undefined);
    // As text: Playwright would wrap every single number.
    const said = await page.evaluate(
      async (asked) => JSON.stringify(await globalThis.facetHeadless!(asked)),
      job,
    );
    return JSON.parse(said) as HeadlessAnswer;
  } finally {
    await browser.close();
    await server.close();
  }
}
