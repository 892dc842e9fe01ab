import { expect, test } from 'vitest';
import {
  CONTENT_SECURITY_POLICY,
  contentSecurityPolicy,
  CORPUS_POLICY,
  ENGINE_POLICY,
  LIBRARY_POLICY,
} from './vite-plugins.ts';

type Handler = (
  request: { url: string },
  response: { setHeader(name: string, value: string): void },
  next: () => void,
) => void;

/** The policy that `vite preview` sends with an address. */
function policyOf(url: string): string | undefined {
  const handlers: Handler[] = [];
  const server = { middlewares: { use: (handler: Handler) => void handlers.push(handler) } };
  (contentSecurityPolicy().configurePreviewServer as unknown as (server: unknown) => void)(server);
  const headers = new Map<string, string>();
  for (const handler of handlers)
    handler({ url }, { setHeader: (name, value) => void headers.set(name, value) }, () => {});
  return headers.get('Content-Security-Policy');
}

test('only the library may connect to other sites', () => {
  expect(CONTENT_SECURITY_POLICY).toContain("connect-src 'self';");
  expect(LIBRARY_POLICY).toContain("connect-src 'self' https: http://127.0.0.1:* http://localhost:*;");
  for (const url of ['/assets/library.worker-Ab_1-x.js', '/assets/library.worker-Ab_1-x.js?x=1'])
    expect(policyOf(url)).toBe(LIBRARY_POLICY);
  expect(CORPUS_POLICY).toContain("connect-src 'none';");
  expect(policyOf('/assets/corpus.worker-Ab_1-x.js')).toBe(CORPUS_POLICY);
  const others = [
    '/',
    '/index.html?/assets/library.worker-a.js',
    '/assets/index-a.js',
    '/assets/map.worker-a.js',
    '/assets/library.worker-a.js/../engine.worker-a.js',
    '/assets/library.worker-a.js.map',
    '/assetsXlibrary.worker-a.js',
  ];
  for (const url of others) expect(policyOf(url)).toBe(CONTENT_SECURITY_POLICY);
});

test('other pages may show this one in a frame, and it shows none itself', () => {
  expect(CONTENT_SECURITY_POLICY).not.toContain('frame-ancestors');
  expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'");
  expect(CONTENT_SECURITY_POLICY).not.toContain('frame-src');
});

test('only the engine may compile WebAssembly, and nothing may evaluate scripts', () => {
  expect(policyOf('/assets/engine.worker-Ab_1-x.js')).toBe(ENGINE_POLICY);
  expect(ENGINE_POLICY).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(ENGINE_POLICY.replace(" 'wasm-unsafe-eval'", '')).toBe(CONTENT_SECURITY_POLICY);
  for (const other of [CONTENT_SECURITY_POLICY, LIBRARY_POLICY, CORPUS_POLICY])
    expect(other).not.toContain('eval');
});
