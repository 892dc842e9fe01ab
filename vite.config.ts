import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { assemblyScript } from './scripts/assemblyscript.ts';
import {
  buildStamp,
  contentSecurityPolicy,
  SERVICE_WORKER,
  shellFiles,
  smallShaders,
  weightFileTypes,
} from './scripts/vite-plugins.ts';

export default defineConfig({
  // Relative addresses: the built folder works at any path of any static host.
  base: './',
  plugins: [
    react(),
    smallShaders(),
    assemblyScript(),
    contentSecurityPolicy(),
    weightFileTypes(),
    shellFiles(),
    buildStamp(),
  ],
  worker: {
    format: 'es',
    plugins: () => [smallShaders(), assemblyScript()],
    rolldownOptions: {
      // It compiles WebAssembly as it loads, which the policy forbids, for one function that is not asked for.
      treeshake: { moduleSideEffects: (id: string) => !id.includes('/hyparquet-compressors/') },
    },
  },
  build: {
    target: 'es2023',
    // The policy of the page allows no `data:` scripts or fonts.
    assetsInlineLimit: 0,
    // Every browser with WebGPU preloads modules by itself.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        index: resolve(import.meta.dirname, 'index.html'),
        // The page the command line drives: the engine without the explorer.
        headless: resolve(import.meta.dirname, 'headless.html'),
        serviceWorker: resolve(import.meta.dirname, 'src/library/service-worker.ts'),
      },
      output: {
        entryFileNames: ({ name }) => (name === 'serviceWorker' ? SERVICE_WORKER : 'assets/[name]-[hash].js'),
      },
    },
  },
});
