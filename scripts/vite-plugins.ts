import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { STAMP } from './build.mjs';

/**
 * What the built page may do. `data:` and `blob:` images are exported plots; everything else comes from the site itself,
 * so a prompt cannot leave the machine whatever a dependency does.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

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
      server.middlewares.use((_request, response, next) => {
        response.setHeader('Content-Security-Policy', CONTENT_SECURITY_POLICY);
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
