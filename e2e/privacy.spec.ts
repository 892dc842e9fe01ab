import { expect, test } from '@playwright/test';
import { open, settled, tokens, type } from './support.ts';

// The service worker is part of what must not tell.
test.use({ serviceWorkers: 'allow' });

test('nothing leaves the page: no other origin, no prompt in a request, no broken policy', async ({
  page,
  baseURL,
}) => {
  const requests: { url: string; body: string | null }[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push({ url: request.url(), body: request.postData() }));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  let bytes = 0;
  page.on('response', (response) => {
    bytes += Number(response.headers()['content-length'] ?? 0);
  });
  await open(page);
  const loaded = requests.length;
  await type(page, 'Zanzibar secret');
  await tokens(page).nth(1).click();
  await settled(page);
  expect(requests.filter(({ url }) => new URL(url).origin !== new URL(baseURL!).origin)).toEqual([]);
  expect(requests.filter(({ url, body }) => /zanzibar/i.test(`${url}${body}`))).toEqual([]);
  // Browsers ask for the icon again whenever the address changes.
  expect(requests.slice(loaded).filter(({ url }) => !url.endsWith('/icon.svg'))).toEqual([]);
  expect(complaints).toEqual([]);
  // Weights of the model and of one dictionary, and the page itself; the other dictionary waits until it is asked for.
  expect(bytes).toBeGreaterThan(6_000_000);
  expect(bytes).toBeLessThan(7_600_000);
  expect(requests.some(({ url }) => url.includes('hook_resid_post'))).toBe(false);
});

test('the policy forbids inline scripts and other origins', async ({ page }) => {
  await open(page);
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*/);
});
