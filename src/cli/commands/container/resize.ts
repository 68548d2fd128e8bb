/** Keeps a container's or exec's tty at the size of the terminal: once at the start, then at every change. */
import type { CliIo, TerminalSize } from '../../io.ts';

/** @returns a function that stops it */
export function keepSize(terminal: NonNullable<CliIo['terminal']>, send: (size: TerminalSize) => Promise<unknown>): () => void {
  const resize = (size: TerminalSize): void => void send(size).catch(() => undefined);
  resize(terminal.size());
  return terminal.onResize(resize);
}
