import { Terminal } from '@xterm/headless';
import { expect, it } from 'vitest';
import { LineEditor, type LineEvent } from '../../../src/cli/shell/line-editor.ts';
import { splitWords } from '../../../src/cli/shell/words.ts';

/** Types keys into an editor on a real (headless) terminal; gives the events and the screen. */
async function type(keys: string[], { history = [] as string[], columns = 20, candidates = [] as string[] } = {}) {
  const terminal = new Terminal({ cols: columns, rows: 8, allowProposedApi: true });
  const events: LineEvent[] = [];
  const editor: LineEditor = new LineEditor({ write: (t) => terminal.write(t), columns: () => columns, complete: async (line, cursor) => ({ start: line.lastIndexOf(' ', cursor - 1) + 1, candidates: candidates.filter((c) => c.startsWith(line.slice(line.lastIndexOf(' ', cursor - 1) + 1, cursor))) }) }, history, (e) => events.push(e));
  editor.begin('$ ');
  for (const key of keys) { editor.input(key); await new Promise((r) => setTimeout(r, 1)); }
  await new Promise<void>((r) => terminal.write('', r));
  const screen = Array.from({ length: 8 }, (_, i) => terminal.buffer.active.getLine(i)!.translateToString(true)).join('\n').trimEnd();
  return { events, screen, x: terminal.buffer.active.cursorX, y: terminal.buffer.active.cursorY };
}

const LEFT = '\x1b[D', UP = '\x1b[A', DOWN = '\x1b[B', HOME = '\x01', END = '\x05';

it('edits in the middle of a line', async () => {
  expect(await type(['abd', LEFT, 'c'])).toMatchObject({ screen: '$ abcd', x: 5, y: 0 });
  expect(await type(['one two', '\x17', '\x19\x19', HOME, '>', END, '<'])).toMatchObject({ screen: '$ >one twotwo<' });
});

it('wraps over rows and comes back', async () => {
  expect(await type(['x'.repeat(30)])).toMatchObject({ screen: `$ ${'x'.repeat(18)}\n${'x'.repeat(12)}`, x: 12, y: 1 });
  expect(await type(['x'.repeat(18)])).toMatchObject({ x: 0, y: 1 });
  expect(await type(['x'.repeat(30), HOME, 'y'])).toMatchObject({ screen: `$ y${'x'.repeat(17)}\n${'x'.repeat(13)}`, x: 3, y: 0 });
});

it('recalls history and keeps the draft', async () => {
  const { events } = await type([UP, UP, DOWN, '!\r'], { history: ['one', 'two'] });
  expect(events).toEqual([{ kind: 'line', line: 'two!' }]);
  expect((await type(['draft', UP, DOWN], { history: ['one'] })).screen).toBe('$ draft');
});

it('reports Ctrl-C, Ctrl-D and several pasted lines', async () => {
  expect((await type(['ab', '\x03'])).events).toEqual([{ kind: 'interrupt' }]);
  expect((await type(['\x04'])).events).toEqual([{ kind: 'end' }]);
});

it('completes a unique word, the common part, or lists', async () => {
  expect((await type(['docker ru', '\t'], { candidates: ['run'] })).screen).toBe('$ docker run');
  expect((await type(['a v', '\t'], { candidates: ['volume', 'volumes'] })).screen).toBe('$ a volume');
  expect((await type(['a v', '\t'], { candidates: ['va', 'vb'] })).screen).toBe('$ a v\nva  vb\n$ a v');
});

it('splits words as sh does', () => {
  expect(splitWords(`docker run -e "A=b c" x sh -c 'echo "$1" \\' a\\ b`).words).toEqual(['docker', 'run', '-e', 'A=b c', 'x', 'sh', '-c', 'echo "$1" \\', 'a b']);
  expect(() => splitWords("a 'b")).toThrow('unexpected EOF');
  expect(splitWords('docker run ', true)).toEqual({ words: ['docker', 'run', ''], lastStart: 11 });
});
