/**
 * The terminal: xterm.js with the prompt (cli/shell) behind it. Output is counted against xterm's own buffer, so that a
 * container that prints without end is held back instead of filling memory.
 */
import { FitAddon } from '@xterm/addon-fit';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal as Xterm } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { useEffect, useRef } from 'preact/hooks';
import type { EngineClient } from '../../client/engine-client.ts';
import type { LocalFiles } from '../../host/ports.ts';
import { Shell } from '../../cli/shell/shell.ts';

const HIGH_WATER = 256 * 1024;

export interface TerminalProps {
  client: EngineClient;
  files: LocalFiles;
  history: string[];
  saveHistory: (lines: readonly string[]) => void;
  greeting: string;
  dark: boolean;
  /** Gives the page the shell (to run lines from buttons) and the xterm (tests read its buffer). */
  onReady: (shell: Shell, xterm: Xterm) => void;
}

const THEMES = {
  dark: { background: '#11151c', foreground: '#d7dde8', cursor: '#7fd1ff', selectionBackground: '#33415c' },
  light: { background: '#ffffff', foreground: '#1c2430', cursor: '#0b6fb8', selectionBackground: '#b9d7f2' },
};

export function Terminal({ client, files, history, saveHistory, greeting, dark, onReady }: TerminalProps) {
  const element = useRef<HTMLDivElement>(null);
  const xterm = useRef<Xterm>();

  useEffect(() => {
    const terminal = new Xterm({ fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace', fontSize: 14, scrollback: 5000, cursorBlink: true, minimumContrastRatio: 4.5, theme: THEMES[dark ? 'dark' : 'light'], allowProposedApi: true });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.loadAddon(new WebLinksAddon());
    terminal.open(element.current!);
    fit.fit();
    let pending = 0;
    const write = (data: string | Uint8Array): void | Promise<void> => {
      const bytes = data.length;
      pending += bytes;
      return new Promise<void>((resolve) => {
        const early = pending < HIGH_WATER;
        terminal.write(data, () => { pending -= bytes; if (!early) resolve(); });
        if (early) resolve();
      });
    };
    const shell = new Shell({
      write, files, saveHistory,
      size: () => ({ columns: terminal.cols, rows: terminal.rows }),
      onResize: (listener) => { const d = terminal.onResize(({ cols, rows }) => listener({ columns: cols, rows })); return () => d.dispose(); },
      now: () => Date.now(),
    }, client, history);
    terminal.onData((data) => shell.input(data));
    terminal.onBinary((data) => shell.input(data));
    const observer = new ResizeObserver(() => fit.fit());
    observer.observe(element.current!);
    xterm.current = terminal;
    shell.start(greeting);
    terminal.focus();
    onReady(shell, terminal);
    return () => { observer.disconnect(); terminal.dispose(); };
  }, []);

  useEffect(() => { if (xterm.current) xterm.current.options.theme = THEMES[dark ? 'dark' : 'light']; }, [dark]);

  return <div class="terminal" ref={element} role="group" aria-label="Terminal" />;
}
