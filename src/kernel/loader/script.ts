/** `#!` scripts (execve(2), "Interpreter scripts"). */
import { ENOEXEC, Errno } from '../../abi/errno.ts';

/** Linux reads this much of a file to recognise it (BINPRM_BUF_SIZE). */
export const HEAD_SIZE = 256;

export interface ScriptLine { interpreter: Uint8Array; argument: Uint8Array | undefined }

export function isScript(head: Uint8Array): boolean { return head[0] === 0x23 && head[1] === 0x21; }

/** The interpreter and its one optional argument, everything up to the end of the line. Throws Errno(ENOEXEC). */
export function parseScript(head: Uint8Array): ScriptLine {
  const line = head.subarray(2, HEAD_SIZE);
  let end = line.indexOf(0x0a);
  const complete = end >= 0 || head.length < HEAD_SIZE;
  if (end < 0) end = line.length;
  const nul = line.subarray(0, end).indexOf(0);
  if (nul >= 0) end = nul;
  while (end > 0 && blank(line[end - 1])) end--;
  let start = 0;
  while (start < end && blank(line[start])) start++;
  let stop = start;
  while (stop < end && !blank(line[stop])) stop++;
  if (start === stop || (!complete && stop === end)) throw new Errno(ENOEXEC);
  let arg = stop;
  while (arg < end && blank(line[arg])) arg++;
  return { interpreter: line.slice(start, stop), argument: arg < end ? line.slice(arg, end) : undefined };
}

function blank(c: number): boolean { return c === 0x20 || c === 0x09; }
