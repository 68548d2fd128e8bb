/** Builds and serves the app; `--mode node` builds the daemon and its sandbox worker for Node. */
import { defineConfig } from 'vite';

const unit = { name: 'unit', environment: 'node', include: ['test/unit/**/*.test.ts', 'test/*.test.ts'], testTimeout: 30_000 } as const;

export default defineConfig(({ mode }) => {
  if (mode === 'node') {
    return {
      build: {
        outDir: 'dist/node', ssr: true, target: 'node20', minify: false, emptyOutDir: true,
        rolldownOptions: { input: { daemon: 'workers/daemon.node.ts', sandbox: 'workers/sandbox.node.ts' }, output: { entryFileNames: '[name].js' } },
      },
      ssr: { noExternal: true },
    };
  }
  return {
    server: { host: '127.0.0.1', port: 8080 },
    worker: { format: 'es' as const },
    build: { target: 'es2023' },
    test: { projects: [{ test: unit }] },
  };
});
