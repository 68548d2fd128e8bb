import { describe, expect, it } from 'vitest';
import { Filters } from '../../../src/engine/api/filters.ts';
import { frame } from '../../../src/engine/api/stdcopy.ts';
import { ContainerLog, type LogEntry } from '../../../src/engine/container/log.ts';
import { nextDelay, restartsAfter } from '../../../src/engine/container/restart-policy.ts';
import { parseSignal } from '../../../src/engine/container/signals.ts';
import { environment } from '../../../src/engine/container/spec.ts';
import { statusText } from '../../../src/engine/container/status-text.ts';
import { EscapeScanner, parseDetachKeys } from '../../../src/engine/detach-keys.ts';
import { parseTimestamp, rfc3339Nano } from '../../../src/engine/ids.ts';
import { applyChanges } from '../../../src/engine/image/changes.ts';
import { matchesReference } from '../../../src/engine/image/list.ts';
import { nameProblem, randomName } from '../../../src/engine/names.ts';
import { parseSize } from '../../../src/base/units.ts';
import { MemoryStore } from '../../../src/host/memory-store.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

describe('the STATUS column', () => {
  const at = Date.parse('2026-01-01T00:00:00Z');
  const state = { Running: false, Paused: false, Restarting: false, OOMKilled: false, Dead: false, Pid: 0, ExitCode: 0, Error: '', StartedAt: '2026-01-01T00:00:00Z', FinishedAt: '2026-01-01T00:00:00Z' };
  const show = (change: object, seconds: number): string => statusText({ record: { state: { ...state, ...change } }, removing: false } as never, at + seconds * 1000);
  it('is worded as Docker words it', () => {
    expect(show({ Running: true }, 0.5)).toBe('Up Less than a second');
    expect(show({ Running: true }, 1)).toBe('Up 1 second');
    expect(show({ Running: true, Paused: true }, 61)).toBe('Up About a minute (Paused)');
    expect(show({ Running: true, Health: { Status: 'starting' } }, 59)).toBe('Up 59 seconds (health: starting)');
    expect(show({ Running: true, Health: { Status: 'healthy' } }, 3600)).toBe('Up About an hour (healthy)');
    expect(show({ Running: true, Restarting: true, ExitCode: 1 }, 5)).toBe('Restarting (1) 5 seconds ago');
    expect(show({ ExitCode: 137 }, 86400 * 15)).toBe('Exited (137) 2 weeks ago');
    expect(show({ StartedAt: '0001-01-01T00:00:00Z' }, 5)).toBe('Created');
  });
});

describe('names', () => {
  it('are adjective_scientist, with a digit when the plain ones are taken', () => {
    const random = (into: Uint8Array): void => { crypto.getRandomValues(into as Uint8Array<ArrayBuffer>); };
    for (let i = 0; i < 200; i++) {
      expect(randomName(random)).toMatch(/^[a-z]+_[a-z]+$/);
      expect(nameProblem(randomName(random, 7))).toBeUndefined();
    }
    expect(randomName(random, 7)).toMatch(/\d$/);
    expect(nameProblem('-x')).toBeDefined();
  });
});

describe('filters', () => {
  it('read both spellings and match as Docker does', () => {
    for (const spelled of ['{"label":{"a=1":true},"name":{"^we":true}}', '{"label":["a=1"],"name":["^we"]}']) {
      const filters = Filters.parse(spelled).accept('label', 'name');
      expect(filters.labels('label', { a: '1' })).toBe(true);
      expect(filters.labels('label', { a: '2' })).toBe(false);
      expect([filters.match('name', 'web'), filters.match('name', 'aweb')]).toEqual([true, false]);
    }
    expect(() => Filters.parse('{"x":["y"]}').accept('z')).toThrow("invalid filter 'x'");
    expect(() => Filters.parse('nonsense')).toThrow(/invalid filter/);
    expect(Filters.parse('{"dangling":["1"]}').boolean('dangling')).toBe(true);
  });
  it('reference globs match with and without the tag', () => {
    expect(['alp*', 'alpine', 'alpine:3*', 'alpine:3.19'].map((p) => matchesReference(p, 'alpine:3.19'))).toEqual([true, true, true, true]);
    expect(['pine', 'x/*', 'alpine:4'].map((p) => matchesReference(p, 'alpine:3.19'))).toEqual([false, false, false]);
  });
});

describe('detach keys', () => {
  it('are found across writes, and typed through when they are not meant', () => {
    const scanner = new EscapeScanner(parseDetachKeys(''));
    expect(text(scanner.scan(bytes('ab\x10')).data)).toBe('ab');
    expect(text(scanner.scan(bytes('c')).data)).toBe('\x10c');
    expect(text(scanner.scan(bytes('\x10\x10')).data)).toBe('\x10');
    expect(scanner.scan(bytes('\x11d'))).toMatchObject({ detached: true });
    expect([...parseDetachKeys('ctrl-@,x')]).toEqual([0, 120]);
    expect(() => parseDetachKeys('ctrl-')).toThrow();
  });
});

describe('small parsers', () => {
  it('signals, sizes, times, environment', () => {
    expect(['9', 'KILL', 'sigkill', 'SIGHUP', 'RTMIN+1', 'SIGRTMAX'].map(parseSignal)).toEqual([9, 9, 9, 1, 35, 64]);
    expect(() => parseSignal('0')).toThrow('Invalid signal: 0');
    expect(['10m', '1.5g', '512', '64KiB', 'x'].map(parseSize)).toEqual([10 << 20, 1.5 * 2 ** 30, 512, 65536, undefined]);
    expect(parseTimestamp('1700000000.5')).toBe(1700000000500000000n);
    expect(parseTimestamp('2023-11-14T22:13:20.123456789Z')).toBe(1700000000123456789n);
    expect(rfc3339Nano(1700000000120000000n)).toBe('2023-11-14T22:13:20.12Z');
    expect(environment('h', true, ['TERM=dumb', 'X=1', 'PATH=/bin'])).toEqual(['PATH=/bin', 'HOSTNAME=h', 'TERM=dumb', 'X=1']);
  });
  it('stdcopy frames', () => { expect([...frame('stderr', bytes('ab'))]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 97, 98]); });
  it('commit changes', () => {
    expect(applyChanges({ Env: ['A=1'] }, ['CMD ["a", "b"]', 'ENV A=2 B="x y"', 'EXPOSE 80', 'LABEL k=v', 'WORKDIR /w', 'ENTRYPOINT echo hi', 'VOLUME /d', 'USER u']))
      .toEqual({ Env: ['A=2', 'B=x y'], Cmd: ['a', 'b'], ExposedPorts: { '80/tcp': {} }, Labels: { k: 'v' }, WorkingDir: '/w', Entrypoint: ['/bin/sh', '-c', 'echo hi'], Volumes: { '/d': {} }, User: 'u' });
    expect(() => applyChanges({}, ['FROM x'])).toThrow('from is not a valid change command');
  });
});

describe('restart policies', () => {
  const record = (Name: string, MaximumRetryCount = 0, restartCount = 0, manuallyStopped = false): never =>
    ({ hostConfig: { RestartPolicy: { Name, MaximumRetryCount } }, restartCount, manuallyStopped, state: {} }) as never;
  it('decide and back off', () => {
    expect(restartsAfter(record('no'), 1)).toBe(false);
    expect(restartsAfter(record('always'), 0)).toBe(true);
    expect(restartsAfter(record('always', 0, 0, true), 0)).toBe(false);
    expect(restartsAfter(record('on-failure', 2, 1), 1)).toBe(true);
    expect(restartsAfter(record('on-failure', 2, 2), 1)).toBe(false);
    expect(restartsAfter(record('on-failure'), 0)).toBe(false);
    const delays = [0];
    for (let i = 0; i < 12; i++) delays.push(nextDelay(delays.at(-1)!, 10));
    expect(delays.slice(1, 5)).toEqual([100, 200, 400, 800]);
    expect(delays.at(-1)).toBe(60_000);
    expect(nextDelay(60_000, 10_000)).toBe(100);
  });
});

describe('the log', () => {
  const lines = (entries: LogEntry[]): string[] => entries.map((e) => `${e.stream}:${text(e.data)}`);
  const all = { stdout: true, stderr: true };
  it('keeps whole lines by stream, the unfinished one at the end, over restarts of the engine', async () => {
    const store = new MemoryStore();
    const log = new ContainerLog(store, 'c', { Type: 'json-file', Config: {} });
    await log.write('stdout', bytes('one\ntw'), 1n);
    await log.write('stderr', bytes('err\n'), 2n);
    await log.write('stdout', bytes('o\nrest'), 3n);
    expect(lines(await log.read(all))).toEqual(['stdout:one\n', 'stderr:err\n', 'stdout:two\n']);
    await log.finish(4n);
    const again = new ContainerLog(store, 'c', { Type: 'json-file', Config: {} });
    expect(lines(await again.read(all))).toEqual(['stdout:one\n', 'stderr:err\n', 'stdout:two\n', 'stdout:rest']);
    await again.write('stdout', bytes('more\n'), 5n);
    await again.finish(6n);
    expect(lines(await again.read({ ...all, tail: 2 }))).toEqual(['stdout:rest', 'stdout:more\n']);
    expect(lines(await again.read({ stdout: false, stderr: true }))).toEqual(['stderr:err\n']);
    expect(lines(await again.read({ ...all, since: 3n, until: 4n }))).toEqual(['stdout:two\n', 'stdout:rest']);
  });
  it('cuts long lines at 16 KiB and drops the oldest chunks beyond max-size', async () => {
    const store = new MemoryStore();
    const log = new ContainerLog(store, 'c', { Type: 'json-file', Config: { 'max-size': '128k' } });
    await log.write('stdout', new Uint8Array(40_000).fill(97), 1n);
    await log.finish(1n);
    expect((await log.read(all)).map((e) => e.data.length)).toEqual([16384, 16384, 7232]);
    for (let i = 0; i < 4000; i++) await log.write('stdout', bytes(`line ${i} ${'x'.repeat(90)}\n`), BigInt(i));
    await log.finish(5000n);
    const kept = await log.read(all);
    expect(text(kept.at(-1)!.data)).toMatch(/^line 3999 /);
    expect(kept.reduce((n, e) => n + e.data.length, 0)).toBeLessThan(256 * 1024);
    expect((await store.keys('log/c/')).length).toBeLessThan(5);
  });
});
