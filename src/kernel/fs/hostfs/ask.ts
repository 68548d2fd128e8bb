/** Errors of the host as errnos of the guest. */
import { EIO, Errno, errnoName } from '../../../abi/errno.ts';

const codes = new Map<string, number>();
for (let n = 1; n < 134; n++) codes.set(errnoName(n), n);

/** Calls the host, turning its errors into Errno. */
export function ask<T>(f: () => T): T {
  try { return f(); } catch (e) {
    const code = (e as { code?: unknown }).code;
    throw new Errno(typeof code === 'string' ? codes.get(code) ?? EIO : EIO);
  }
}
