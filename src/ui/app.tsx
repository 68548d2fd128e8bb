/** The page: terminal on the left, containers, images and volumes beside it. */
import { Moon, Sun } from 'lucide-preact';
import { useEffect, useState } from 'preact/hooks';
import type { LocalFiles } from '../host/ports.ts';
import type { Shell } from '../cli/shell/shell.ts';
import type { Terminal as Xterm } from '@xterm/xterm';
import type { EngineState } from './state/engine-state.ts';
import { Containers } from './views/containers.tsx';
import { Images } from './views/images.tsx';
import { StorageBar, Volumes } from './views/volumes.tsx';
import { DropZone } from './widgets/drop-zone.tsx';
import { IconButton } from './widgets/icon-button.tsx';
import { Terminal } from './widgets/terminal.tsx';
import './theme.css';

export interface AppProps {
  state: EngineState;
  files: LocalFiles;
  history: string[];
  saveHistory: (lines: readonly string[]) => void;
  onReady: (shell: Shell, xterm: Xterm) => void;
}

const GREETING = '\x1b[1mDrydock\x1b[0m: containers in this tab. Type \x1b[36mhelp\x1b[0m, or start with \x1b[36mdocker run -it debian bash\x1b[0m.\n\n';

export function App({ state, files, history, saveHistory, onReady }: AppProps) {
  const [shell, setShell] = useState<Shell>();
  const [dark, setDark] = useState(() => (localStorage.getItem('theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark');
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    localStorage.setItem('theme', dark ? 'dark' : 'light');
  }, [dark]);
  const type = (line: string): void => shell?.type(line);
  const notice = state.notice.value;
  useEffect(() => {
    if (!notice) return undefined;
    const timer = setTimeout(() => { state.notice.value = undefined; }, notice.error ? 8000 : 4000);
    return () => clearTimeout(timer);
  }, [notice]);

  return (
    <>
      <header class="bar">
        <h1>Drydock</h1>
        <span class="tagline">compatible with Docker, in a tab</span>
        <IconButton icon={dark ? Sun : Moon} label={dark ? 'Light theme' : 'Dark theme'} onClick={() => setDark(!dark)} />
      </header>
      <main>
        <Terminal client={state.client} files={files} history={history} saveHistory={saveHistory} greeting={GREETING} dark={dark} onReady={(s, x) => { setShell(s); onReady(s, x); }} />
        <aside aria-label="Engine">
          <Containers state={state} type={type} />
          <Images state={state} type={type} />
          <Volumes state={state} />
          <StorageBar state={state} />
        </aside>
      </main>
      <DropZone state={state} />
      <div class="notices" role="status" aria-live="polite">{notice ? <p class={notice.error ? 'notice error' : 'notice'}>{notice.text}</p> : null}</div>
    </>
  );
}
