/** The line discipline against a real pty of this machine: random termios settings, typed bytes, writes and reads must agree byte for byte. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as T from '../../../../src/abi/termios.ts';
import { ByteQueue } from '../../../../src/base/byte-queue.ts';
import { KernelSink } from '../../../../src/kernel/io.ts';
import { LineDiscipline } from '../../../../src/kernel/tty/ldisc.ts';

type Step = ['in' | 'out', string] | ['read', number] | ['set', number[]];
interface Case { termios: number[]; steps: Step[] }
type Result = [master: string, got: unknown];

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const bytes = (h: string): Uint8Array => new Uint8Array(Buffer.from(h, 'hex'));

function toTermios([iflag, oflag, cflag, lflag, ...cc]: number[]): T.Termios {
  return { ...T.defaultTermios(), iflag, oflag, cflag, lflag, cc: Uint8Array.from(cc) };
}

function runOurs({ termios, steps }: Case): Result[] {
  const out = new ByteQueue();
  const ldisc = new LineDiscipline({ signal() {}, discardOutput: () => out.clear(), flowChanged() {} }, out);
  ldisc.setTermios(toTermios(termios));
  return steps.map(([kind, argument]): Result => {
    let got: unknown = null;
    if (kind === 'in') {
      ldisc.receive(bytes(argument as string));
    } else if (kind === 'out') {
      got = ldisc.output.write(bytes(argument as string), 65536);
      if (got === 0 && argument !== '') got = 'EAGAIN';
    } else if (kind === 'set') {
      ldisc.setTermios(toTermios(argument as number[]));
    } else {
      const buffer = new Uint8Array(argument as number), sink = new KernelSink(buffer);
      const available = ldisc.readableBytes;
      if (!ldisc.inputAvailable(false)) got = [available, !ldisc.isCanonical && ldisc.minimum === 0 && ldisc.time === 0 ? '' : 'EAGAIN'];
      else { ldisc.read(sink); got = [available, hex(buffer.subarray(0, sink.written))]; }
    }
    return [hex(out.shift()), got];
  });
}

function runNative(cases: Case[], settle: number): Result[][] {
  const script = fileURLToPath(new URL('pty-oracle.py', import.meta.url));
  return JSON.parse(execFileSync('python3', [script, `${settle}`], { input: JSON.stringify(cases), encoding: 'utf8', maxBuffer: 1 << 26 })) as Result[][];
}

/** Deterministic random numbers (mulberry32). */
function random(seed: number): (n: number) => number {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const IFLAGS = [T.ICRNL, T.INLCR, T.IGNCR, T.ISTRIP, T.IXON, T.IXANY, T.IUTF8, T.IUCLC, T.PARMRK];
const OFLAGS = [T.ONLCR, T.OCRNL, T.ONOCR, T.ONLRET, T.XTABS, T.OLCUC];
const LFLAGS = [T.ECHO, T.ECHOE, T.ECHOK, T.ECHONL, T.ECHOCTL, T.ECHOPRT, T.ECHOKE, T.IEXTEN, T.ISIG];

function randomTermios(pick: (n: number) => number, wild: boolean): number[] {
  const d = T.defaultTermios();
  const flip = (value: number, flags: number[]): number => flags.reduce((v, f) => (pick(wild ? 2 : 6) === 0 ? v ^ f : v), value);
  const lflag = flip(d.lflag, LFLAGS) | T.NOFLSH;
  const cc = [...d.cc];
  if (pick(4) === 0) cc[T.VEOL] = 0x3b;
  if (pick(8) === 0) cc[T.VERASE] = 0;
  if (pick(8) === 0) cc[T.VEOL2] = 0x2e;
  cc[T.VMIN] = pick(3);
  const oflag = pick(5) === 0 ? flip(d.oflag, OFLAGS) & ~T.OPOST : flip(d.oflag, OFLAGS);
  return [flip(d.iflag, IFLAGS), oflag, d.cflag, pick(4) === 0 ? lflag & ~T.ICANON : lflag, ...cc];
}

/** Bytes heavy in what the discipline treats specially. */
function randomInput(pick: (n: number) => number, length: number): Uint8Array {
  const special = [127, 21, 23, 4, 22, 18, 10, 13, 9, 17, 19, 3, 28, 26, 0x3b, 0x2e, 1, 0xc3, 0xa9, 0xff, 8, 0x5f, 0x41];
  return Uint8Array.from({ length }, () => (pick(3) === 0 ? special[pick(special.length)] : pick(5) === 0 ? 32 : 97 + pick(26)));
}

function randomCase(seed: number): Case {
  const pick = random(seed), wild = seed % 2 === 0;
  const steps: Step[] = [];
  for (let i = 3 + pick(5); i > 0; i--) {
    const what = pick(10);
    if (what < 5) steps.push(['in', hex(randomInput(pick, 1 + pick(24)))]);
    else if (what < 6) steps.push(['out', hex(randomInput(pick, 1 + pick(12)))]);
    else if (what < 9) steps.push(['read', 1 + pick(pick(2) ? 4 : 40)]);
    else steps.push(['set', randomTermios(pick, wild)]);
  }
  steps.push(['read', 100], ['read', 100]);
  return { termios: randomTermios(pick, wild), steps };
}

/** On a busy machine the native pty's workers lag: a case that differs is tried again, slowly, before it counts. */
function compare(cases: Case[]): void {
  const native = runNative(cases, 2);
  const ours = cases.map(runOurs);
  const differing = cases.map((_, i) => i).filter((i) => JSON.stringify(ours[i]) !== JSON.stringify(native[i]));
  if (differing.length === 0) return;
  const again = runNative(differing.map((i) => cases[i]), 40);
  differing.forEach((i, n) => expect({ number: i, case: cases[i], results: ours[i] }).toEqual({ number: i, case: cases[i], results: again[n] }));
}

describe('line discipline', () => {
  it('agrees with Linux on random sessions', () => {
    const cases = Array.from({ length: 120 }, (_, i) => randomCase(i + 1));
    compare(cases);
  }, 60000);

  it('agrees with Linux on full buffers', () => {
    const d = T.defaultTermios();
    const cooked = [d.iflag, d.oflag, d.cflag, d.lflag & ~T.ECHO, ...d.cc];
    const long = hex(new Uint8Array(4000).fill(97));
    const cases: Case[] = [
      { termios: cooked, steps: [['in', long], ['in', long], ['in', '62620a'], ['read', 3000], ['read', 3000], ['read', 10]] },
      { termios: cooked, steps: [['in', '6162'], ['in', '04'], ['read', 2], ['read', 2], ['in', '61620a63'], ['read', 2], ['read', 1], ['read', 9]] },
    ];
    compare(cases);
  });
});
