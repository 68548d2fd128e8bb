/**
 * Builds and serves the app. `--mode node` builds the daemon and its sandbox worker for Node instead. The dev and preview
 * servers also carry the demo images (/images/) and the registry proxy (/registry/).
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { Plugin, PreviewServer, ViteDevServer } from 'vite';
import { demoImages } from './src/host/node/demo-images.ts';
import { registryProxy } from './src/host/node/registry-proxy.ts';

const port = Number(process.env.PORT ?? 8080);

const drydockServer: Plugin = {
  name: 'drydock-server',
  configureServer: addRoutes,
  configurePreviewServer: addRoutes,
};

function addRoutes(server: ViteDevServer | PreviewServer): void {
  server.middlewares.use(demoImages(fileURLToPath(new URL('.cache/images', import.meta.url))));
  server.middlewares.use(registryProxy({ allow: (process.env.DRYDOCK_REGISTRIES ?? '').split(',').filter(Boolean) }));
}

const project = (name: string, include: string[], timeout: number) => ({ test: { name, environment: 'node', include, testTimeout: timeout, hookTimeout: 180_000, fileParallelism: name === 'unit' } });

export default defineConfig(({ mode }) => {
  if (mode === 'node') {
    return {
      build: {
        outDir: 'dist/node', ssr: true, target: 'node20', minify: false, emptyOutDir: true, copyPublicDir: false,
        rolldownOptions: { input: { daemon: 'workers/daemon.node.ts', sandbox: 'workers/sandbox.node.ts' }, output: { entryFileNames: '[name].js' } },
      },
      ssr: { noExternal: true },
    };
  }
  return {
    plugins: [drydockServer],
    server: { host: '127.0.0.1', port, strictPort: true },
    preview: { host: '127.0.0.1', port, strictPort: true },
    worker: { format: 'es' as const },
    build: { outDir: 'dist/app', target: 'es2023', emptyOutDir: true },
    test: {
      projects: [
        project('unit', ['test/unit/**/*.test.ts', 'test/*.test.ts'], 60_000),
        project('e2e', ['test/e2e/**/*.test.ts'], 180_000),
        project('browser', ['test/browser/**/*.test.ts'], 180_000),
      ],
    },
  };
});
