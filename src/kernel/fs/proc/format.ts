/** Small formats that many files of proc share. */
import type { SigSet } from '../../../abi/signal.ts';

/** Clock ticks of a second (sysconf(_SC_CLK_TCK)). */
export const HZ = 100;

export function ticks(ms: number): number { return Math.floor(ms * HZ / 1000); }
export function hex(n: number, width: number): string { return n.toString(16).padStart(width, '0'); }
export function signalSet(set: SigSet): string { return set.toString(16).padStart(16, '0'); }
/** `     123 kB` as status and meminfo write sizes. */
export function kilobytes(bytes: number, width = 8): string { return `${String(Math.floor(bytes / 1024)).padStart(width)} kB`; }
/** Names in mounts and maps: blanks, newlines and backslashes as octal. */
export function escapeName(name: string, pattern = /[ \t\n\\#]/g): string {
  return name.replace(pattern, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
