import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { chromium } from '@playwright/test';
import { browserLaunch, findBrowser, HOW_TO_GET_A_BROWSER } from '../../scripts/browser.ts';
import { buildIfStale } from '../../scripts/build.mjs';
import type { FolderReference } from '../engine/protocol.ts';
import { type AnalyzeArguments, parseAnalyze, USAGE, UsageError } from './arguments.ts';
import type { HeadlessAnswer, HeadlessRequest } from './protocol.ts';
import { serveFolders } from './serve.ts';

/** Entry of `npm run -s facet`. @returns the exit code: 0 done, 1 could not, 2 wrong arguments */
export async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  try {
    if (command === undefined || command === '--help' || command === '-h') {
      console.log(USAGE);
      return command === undefined ? 2 : 0;
    }
    if (command !== 'analyze') throw new UsageError(`unknown command "${command}"`);
    const parsed = parseAnalyze(rest);
    if (parsed.text === '-') parsed.text = await readAll(process.stdin);
    return await analyze(parsed);
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    console.error(`facet: ${thrown.message}\n\n${USAGE}`);
    return 2;
  }
}

/** A folder given on the command line, checked, and the address it will have on the local server. */
function folder(
  option: string,
  path: string,
  marker: string,
  mounts: Record<string, string>,
): FolderReference {
  const full = resolve(path);
  if (!existsSync(resolve(full, marker)))
    throw new UsageError(`${option} ${path}: there is no ${marker} in that folder`);
  mounts[`/local/${option.slice(2)}/`] = full;
  return { folder: `local/${option.slice(2)}/`, id: basename(full) };
}

async function analyze(parsed: AnalyzeArguments): Promise<number> {
  const dist = resolve(import.meta.dirname, '../../dist');
  const mounts: Record<string, string> = { '/': dist };
  const request: HeadlessRequest = {
    text: parsed.text,
    model: parsed.model === undefined ? '' : folder('--model', parsed.model, 'config.json', mounts),
    dictionary: dictionaryOf(parsed, mounts),
    top: parsed.top,
    logits: parsed.logits,
    captures: parsed.captures,
  };
  if (!findBrowser()) {
    console.error(`facet: ${HOW_TO_GET_A_BROWSER}`);
    return 1;
  }
  await buildIfStale();
  const answer = await inBrowser(mounts, request);
  if (!answer.ok) {
    console.error(`facet: ${answer.error.message}${answer.error.hint ? ` ${answer.error.hint}` : ''}`);
    return 1;
  }
  console.log(JSON.stringify(answer.result, null, parsed.json ? undefined : 1));
  return 0;
}

function dictionaryOf(
  parsed: AnalyzeArguments,
  mounts: Record<string, string>,
): FolderReference | string | null | undefined {
  if (parsed.dictionary === undefined) return undefined;
  if (parsed.dictionary === 'none') return null;
  if (existsSync(parsed.dictionary)) return folder('--dictionary', parsed.dictionary, 'cfg.json', mounts);
  // Not a folder: the engine knows the bundled ids, and lists them when this is none of them.
  return parsed.dictionary;
}

async function inBrowser(mounts: Record<string, string>, request: HeadlessRequest): Promise<HeadlessAnswer> {
  const server = await serveFolders(mounts);
  const browser = await chromium.launch({ ...browserLaunch(), headless: true });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.origin}headless.html`);
    await page.waitForFunction(() => globalThis.facetHeadless !== undefined);
    return await page.evaluate((asked) => globalThis.facetHeadless!(asked), request);
  } finally {
    await browser.close();
    await server.close();
  }
}
