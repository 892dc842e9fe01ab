import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';

/** What tests, the command line and `.ci/run` pass to Playwright's `launch`. */
export interface BrowserLaunch {
  executablePath?: string;
  channel?: string;
  args: string[];
}

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

export const HOW_TO_GET_A_BROWSER =
  'No Chromium found: set FACET_CHROMIUM=/path/to/chrome, install Chrome or Chromium, or run `npm run browser`.';

/** Path of the browser to drive, or `undefined` when there is none: environment, installed, Playwright's own. */
export function findBrowser(): string | undefined {
  const named = process.env.FACET_CHROMIUM;
  if (named) return existsSync(named) ? named : undefined;
  return (
    INSTALLED.find((path) => existsSync(path)) ?? [chromium.executablePath()].find((path) => existsSync(path))
  );
}

/** Launch options that give WebGPU everywhere: the real adapter when FACET_ADAPTER=native, else SwiftShader. */
export function browserLaunch(): BrowserLaunch {
  const args = [
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--enable-unsafe-webgpu',
  ];
  if (process.env.FACET_ADAPTER !== 'native') args.push('--use-webgpu-adapter=swiftshader');
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  const executablePath = findBrowser();
  return executablePath ? { executablePath, args } : { channel: 'chromium', args };
}
