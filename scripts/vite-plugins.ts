import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { STAMP } from './build.mjs';

const policy = (connect: string, script = "'self'"): string =>
  [
    "default-src 'none'",
    `script-src ${script}`,
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

/**
 * What the built page may do. `data:` and `blob:` images are exported plots; everything else comes from the site itself,
 * so a prompt cannot leave the machine whatever a dependency does.
 */
export const CONTENT_SECURITY_POLICY = policy("'self'");

/**
 * Of the engine's worker, whose kernels for the processor are WebAssembly: compiling it counts as evaluation, and this word
 * allows that and no evaluation of scripts.
 */
export const ENGINE_POLICY = policy("'self'", "'self' 'wasm-unsafe-eval'");

/** Of the library's worker, which downloads from hubs and never sees a prompt. */
export const LIBRARY_POLICY = policy("'self' https: http://127.0.0.1:* http://localhost:*");

/** Of the worker that reads the visitor's texts: it speaks to nobody, not even this site. */
export const CORPUS_POLICY = policy("'none'");

/** Policies of workers' scripts, by name. Any other follows the page's. */
const WORKERS: readonly [RegExp, string][] = [
  [/\/assets\/engine\.worker-[\w-]+\.js$/, ENGINE_POLICY],
  [/\/assets\/library\.worker-[\w-]+\.js$/, LIBRARY_POLICY],
  [/\/assets\/corpus\.worker-[\w-]+\.js$/, CORPUS_POLICY],
];

/**
 * The policy as a meta tag of every built page (the development server needs inline scripts and a socket), and as a
 * header from `vite preview`: a worker follows the headers of its own script, which no meta tag reaches.
 */
export function contentSecurityPolicy(): Plugin {
  return {
    name: 'facet:content-security-policy',
    transformIndexHtml: {
      order: 'pre',
      handler: (_html, { server }) =>
        server
          ? []
          : [
              {
                tag: 'meta',
                attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
                injectTo: 'head-prepend',
              },
            ],
    },
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = request.url?.split('?', 1)[0] ?? '';
        const [, own] = WORKERS.find(([script]) => script.test(path)) ?? [];
        response.setHeader('Content-Security-Policy', own ?? CONTENT_SECURITY_POLICY);
        response.setHeader('X-Content-Type-Options', 'nosniff');
        next();
      });
    },
  };
}

/** Types that Vite's file server does not know. */
export function weightFileTypes(): Plugin {
  return {
    name: 'facet:weight-file-types',
    configurePreviewServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = request.url?.split('?', 1)[0] ?? '';
        if (path.endsWith('.safetensors')) response.setHeader('Content-Type', 'application/octet-stream');
        next();
      });
    },
  };
}

/** Takes comments and indentation out of shaders, a third of the worker's size; WGSL has no strings to mistake for them. */
export function smallShaders(): Plugin {
  return {
    name: 'facet:small-shaders',
    apply: 'build',
    enforce: 'pre',
    async load(id) {
      if (!id.endsWith('.wgsl?raw')) return undefined;
      const source = await readFile(id.slice(0, -'?raw'.length), 'utf8');
      const lines = source.split('\n').map((line) => line.replace(/\/\/.*$/, '').trim());
      return `export default ${JSON.stringify(lines.filter(Boolean).join('\n'))}`;
    },
  };
}

/** Where the service worker is built to: beside the page, because a service worker rules only what lies below it. */
export const SERVICE_WORKER = 'sw.js';

/**
 * Puts the list of built files into the service worker: all but pages, the command line's script and itself.
 * @see src/library/service-worker.ts
 */
export function shellFiles(): Plugin {
  return {
    name: 'facet:shell-files',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.keys(bundle).filter(
          (name) => name.startsWith('assets/') && !/\.map$|\/headless-/.test(name),
        );
        const worker = bundle[SERVICE_WORKER];
        if (worker?.type !== 'chunk') throw new Error('The service worker was not built.');
        if (worker.imports.length > 0) throw new Error('The service worker must import nothing.');
        // The names hold digests of the contents, so they are the version.
        const version = createHash('sha256').update(files.sort().join()).update(worker.code).digest('hex');
        const shell = JSON.stringify({ version: version.slice(0, 16), files });
        worker.code = `const BUILD=${shell};${worker.code}`;
      },
    },
  };
}

/** Marks a build as finished; see `scripts/build.mjs`. */
export function buildStamp(): Plugin {
  return {
    name: 'facet:build-stamp',
    apply: 'build',
    async writeBundle({ dir }) {
      if (dir) await writeFile(join(dir, STAMP), '');
    },
  };
}
