/** Entry of the page: takes or finds the engine, shows the app, and offers `window.drydock` to scripts. */
import { get, set } from 'idb-keyval';
import { render } from 'preact';
import type { Terminal } from '@xterm/xterm';
import { docker } from './cli/main.ts';
import { splitWords } from './cli/shell/words.ts';
import { EngineClient } from './client/engine-client.ts';
import { hostEngine } from './host/browser/engine-tab.ts';
import { browserFiles } from './host/browser/local-files.ts';
import { App } from './ui/app.tsx';
import { Elsewhere } from './ui/elsewhere.tsx';
import { EngineState } from './ui/state/engine-state.ts';

/** What `window.drydock.docker` resolves to. */
export interface CommandResult { exitCode: number; stdout: string; stderr: string }

declare global {
  interface Window {
    drydock: {
      /** Runs a docker command line (`docker run --rm busybox true`, with or without the first word) without a terminal. */
      docker(commandLine: string, options?: { stdin?: string; signal?: AbortSignal }): Promise<CommandResult>;
      /** The Engine API client. */
      client: EngineClient;
      /** The page's terminal. */
      terminal?: Terminal;
    };
  }
}

const HISTORY_KEY = 'shell-history', HISTORY_LINES = 1000;
const root = document.getElementById('app')!;
const startWorker = (): Worker => new Worker(new URL('../workers/engine.browser.ts', import.meta.url), { type: 'module', name: 'engine' });

async function runCommand(client: EngineClient, commandLine: string, { stdin, signal }: { stdin?: string; signal?: AbortSignal } = {}): Promise<CommandResult> {
  const { words } = splitWords(commandLine);
  const out: [string, string] = ['', ''];
  const decoders = [new TextDecoder(), new TextDecoder()];
  const print = (which: 0 | 1) => (data: string | Uint8Array): void => { out[which] += typeof data === 'string' ? data : decoders[which].decode(data, { stream: true }); };
  const exitCode = await docker(words[0] === 'docker' ? words.slice(1) : words, {
    client,
    io: { stdout: print(0), stderr: print(1), stdin: stdin === undefined ? undefined : new Blob([stdin]).stream() as ReadableStream<Uint8Array>, interrupt: signal ?? new AbortController().signal, now: () => Date.now() },
  });
  return { exitCode, stdout: out[0], stderr: out[1] };
}

async function start(steal: boolean): Promise<void> {
  const tab = await hostEngine(startWorker, steal);
  if (!tab) { render(<Elsewhere taken={false} onTake={() => void start(true)} />, root); return; }
  const client = new EngineClient(tab.transport);
  window.drydock = { client, docker: (commandLine, options) => runCommand(client, commandLine, options) };
  const state = new EngineState(client, async () => { const { usage = 0, quota = 0 } = await navigator.storage.estimate(); return { used: usage, quota }; });
  const history = (await get<string[]>(HISTORY_KEY)) ?? [];
  render(
    <App state={state} files={browserFiles} history={history} saveHistory={(lines) => void set(HISTORY_KEY, lines.slice(-HISTORY_LINES))} onReady={(_, terminal) => { window.drydock.terminal = terminal; }} />,
    root,
  );
  void tab.lost.then(() => render(<Elsewhere taken onTake={() => void start(true)} />, root));
  await state.start();
}

start(false).catch((error: Error) => { root.textContent = `Drydock could not start: ${error.message}`; });
