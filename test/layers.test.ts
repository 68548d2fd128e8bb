/** The arrows of docs/architecture.md: who may import whom, which globals the core may name, and no import cycles. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ALLOWED: Record<string, string[]> = {
  base: [], abi: ['base'], cpu: ['abi', 'base'], kernel: ['cpu', 'abi', 'base', 'ports'], image: ['abi', 'base', 'ports'],
  network: ['abi', 'base', 'ports', 'kernel'], protocol: ['base', 'ports', 'engine/api'], runtime: ['kernel', 'image', 'cpu', 'network', 'protocol', 'abi', 'base', 'ports'],
  engine: ['image', 'network', 'runtime/sandbox-api', 'protocol', 'abi', 'base', 'ports'],
  client: ['protocol', 'engine/api', 'base', 'ports'], cli: ['client', 'engine/api', 'base', 'ports'], ui: ['client', 'cli', 'engine/api', 'base', 'ports'],
  embed: ['client', 'base', 'ports'], host: ['abi', 'base', 'ports', 'engine', 'runtime', 'image', 'protocol', 'client'], ports: [],
};

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) => e.isDirectory() ? files(join(folder, e.name)) : /\.tsx?$/.test(e.name) && !e.name.endsWith('.d.ts') ? [join(folder, e.name)] : []);
}

const layerOf = (path: string): string => path === 'src/host/ports.ts' ? 'ports' : path.split('/')[1];
const sources = files('src').map((path) => {
  const text = readFileSync(path, 'utf8');
  const imports = [...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm)].map((m) => ({ type: m[1] !== undefined, path: normalize(join(dirname(path), m[2].replace(/\?.*$/, ''))) }));
  return { path, text, imports };
});

describe('layers', () => {
  it('finds the sources', () => { expect(sources.length).toBeGreaterThan(20); });

  it('imports point down only', () => {
    const wrong: string[] = [];
    for (const { path, imports } of sources) {
      const from = layerOf(path);
      if (path.startsWith('src/main')) continue;
      for (const { path: target } of imports) {
        const to = layerOf(target);
        const allowed = from === to || (ALLOWED[from] ?? []).some((a) => a === to || target.startsWith(`src/${a}/`) || target === `src/${a}.ts`);
        if (!allowed) wrong.push(`${path} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('has no cycles of value imports', () => {
    const graph = new Map(sources.map((s) => [s.path, s.imports.filter((i) => !i.type).map((i) => i.path)]));
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') { cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> ')); return; }
      state.set(path, 'open');
      for (const next of graph.get(path) ?? []) if (graph.has(next)) visit(next, [...trail, path]);
      state.set(path, 'done');
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  it('names host globals only in host/, ui/ and embed/', () => {
    // The kernel and the runtime have processes of their own; that they know no Node type is for tsconfig.core.json to see.
    const globals = (path: string): RegExp => /^src\/(kernel|runtime)\//.test(path) ? /\b(indexedDB|navigator|document|window)\.[a-z]/ : /\b(indexedDB|navigator|document|window|process)\.[a-z]/;
    const code = (text: string): string => text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '').replace(/(['"`])(?:\\.|(?!\1)[^\\])*\1/g, "''");
    const wrong = sources.filter(({ path, text }) => /^src\/(base|abi|cpu|kernel|image|network|protocol|runtime|engine|client|cli)\//.test(path) && globals(path).test(code(text)));
    expect(wrong.map((s) => s.path)).toEqual([]);
  });
});
