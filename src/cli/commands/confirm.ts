/** Asks a yes/no question on the terminal; anything but y is no, and so is a place without stdin. */
import type { CliContext } from '../io.ts';

export async function confirm({ io }: CliContext, question: string): Promise<boolean> {
  io.stdout(question);
  const reader = io.stdin?.getReader();
  if (!reader) { io.stdout('\n'); return false; }
  let answer = '';
  try {
    while (!/[\r\n]/.test(answer)) {
      const { done, value } = await reader.read();
      if (done) break;
      answer += new TextDecoder().decode(value);
    }
  } finally {
    reader.releaseLock();
  }
  return /^y(es)?\s*$/i.test(answer.trim());
}
