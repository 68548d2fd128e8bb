/** The keys that detach from a terminal: `ctrl-p,ctrl-q`, `ctrl-@,x`. Reference: moby term.ToBytes, EscapeProxy. */
import { InvalidParameter } from '../base/errors.ts';

export const DEFAULT_DETACH_KEYS = new Uint8Array([16, 17]);

export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return DEFAULT_DETACH_KEYS;
  return Uint8Array.from(text.split(','), (key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key);
    if (control) return control[1].charCodeAt(0) & 31;
    if (key.length === 1) return key.charCodeAt(0);
    throw new InvalidParameter(`Invalid detach keys (${text}) provided`);
  });
}

/** Finds the sequence in what is typed. Keys that may be its beginning are held back until they prove not to be. */
export class EscapeScanner {
  private held = 0;

  constructor(private readonly keys: Uint8Array) {}

  scan(input: Uint8Array): { data: Uint8Array; detached: boolean } {
    const out: number[] = [];
    for (const byte of input) {
      if (byte === this.keys[this.held]) {
        this.held++;
        if (this.held === this.keys.length) return { data: Uint8Array.from(out), detached: true };
        continue;
      }
      out.push(...this.keys.subarray(0, this.held));
      this.held = byte === this.keys[0] ? 1 : 0;
      if (this.held === 0) out.push(byte);
    }
    return { data: Uint8Array.from(out), detached: false };
  }
}
