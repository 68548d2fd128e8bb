/** Signal names and numbers as `docker kill -s` takes them: 9, KILL, SIGKILL, SIGRTMIN+3. */
import { InvalidParameter } from '../../base/errors.ts';
import { SIGKILL, SIGTERM, SIGRTMAX, signalName } from '../../abi/signal.ts';

/** As glibc and Docker count: the first two real-time signals belong to the C library. */
const RTMIN = 34;

export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= SIGRTMAX) return number;
    throw new InvalidParameter(`Invalid signal: ${text}`);
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realtime = /^RTM(IN|AX)(?:([+-])(\d+))?$/.exec(name);
  if (realtime) {
    const number = (realtime[1] === 'IN' ? RTMIN : SIGRTMAX) + Number(`${realtime[2] ?? '+'}${realtime[3] ?? 0}`);
    if (number >= RTMIN && number <= SIGRTMAX) return number;
  }
  const aliases: Record<string, string> = { CLD: 'CHLD', POLL: 'IO', IOT: 'ABRT' };
  for (let n = 1; n < 32; n++) if (signalName(n) === `SIG${aliases[name] ?? name}`) return n;
  throw new InvalidParameter(`Invalid signal: ${text}`);
}

/** The container's own stop signal, or SIGTERM; an image may name one that does not exist. */
export function stopSignalOf(configured: string | undefined): number {
  if (!configured) return SIGTERM;
  try { return parseSignal(configured); } catch { return SIGTERM; }
}

export { SIGKILL, SIGTERM };
