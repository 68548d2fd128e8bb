/**
 * Progress of pull, push and load: the engine's JSON messages as the docker client shows them. On a terminal each layer has
 * a line that is redrawn; elsewhere only the lasting lines are printed.
 */
import type { CliIo } from './io.ts';
import { CliExit } from './io.ts';
import { humanSize } from '../base/units.ts';

export interface ProgressMessage {
  status?: string;
  id?: string;
  stream?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message: string };
  aux?: unknown;
}

/** `[=====>     ]  1.2MB/4.26MB` */
function bar({ current = 0, total = 0 }: { current?: number; total?: number }, columns: number): string {
  if (current <= 0 && total <= 0) return '';
  const amount = total > 0 ? `${humanSize(current).padStart(8)}/${humanSize(total)}` : humanSize(current).padStart(8);
  if (total <= 0 || columns < 60) return ` ${amount}`;
  const width = columns > 110 ? 50 : 25;
  const filled = Math.min(width, Math.floor((current / total) * width));
  return ` [${'='.repeat(filled)}${filled < width ? '>' : ''}${' '.repeat(Math.max(0, width - filled - 1))}] ${amount}`;
}

/** Prints a stream of messages; throws CliExit with the error that came in it. */
export async function showProgress(messages: AsyncIterable<ProgressMessage>, print: (text: string) => void, terminal: CliIo['terminal'], onAux?: (aux: unknown) => void): Promise<void> {
  const lines = new Map<string, number>();
  for await (const m of messages) {
    if (m.error !== undefined || m.errorDetail) throw new CliExit(1, `${m.errorDetail?.message ?? m.error}\n`);
    if (m.aux !== undefined) { onAux?.(m.aux); continue; }
    if (m.stream !== undefined) { print(m.stream); continue; }
    const progress = m.progressDetail && (m.progressDetail.current || m.progressDetail.total);
    if (!terminal) {
      if (!progress) print(`${m.id ? `${m.id}: ` : ''}${m.status ?? ''}\n`);
      continue;
    }
    if (m.id === undefined || m.id === '' || !m.progressDetail) {
      print(`${m.id ? `${m.id}: ` : ''}${m.status ?? ''}\n`);
      if (!m.id) lines.clear(); else for (const [id, at] of lines) lines.set(id, at + 1);
      continue;
    }
    const text = `${m.id}: ${m.status ?? ''}${bar(m.progressDetail, terminal.size().columns)}`;
    const up = lines.get(m.id);
    if (up === undefined) {
      for (const [id, at] of lines) lines.set(id, at + 1);
      lines.set(m.id, 1);
      print(`${text}\n`);
    } else {
      print(`\x1b[${up}A\x1b[2K\r${text}\r\x1b[${up}B`);
    }
  }
}
