/**
 * The texts of runc and containerd around a program that cannot be executed. Clients read the exit code (125, 126, 127) out
 * of them, so the words matter. Reference: moby daemon/errors.go translateContainerdStartErr.
 */
import type { StartFailure } from '../../runtime/sandbox-api.ts';
import { messageOf } from '../errors.ts';

const CREATE = 'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ';
const EXEC = 'OCI runtime exec failed: exec failed: unable to start container process: ';

export function startFailure(error: unknown): { exitCode: number; text: string } { return describe(error, CREATE); }
export function execFailure(error: unknown): { exitCode: number; text: string } { return describe(error, EXEC); }

function describe(error: unknown, before: string): { exitCode: number; text: string } {
  const { code } = (error ?? {}) as Partial<StartFailure>;
  const message = messageOf(error);
  switch (code) {
    case 'ENOENT': return { exitCode: 127, text: `${before}${message}: unknown` };
    case 'EACCES': case 'EISDIR': case 'ENOEXEC': return { exitCode: 126, text: `${before}${message}: unknown` };
    case 'ENOTDIR': case 'ELOOP': case 'ECWD': return { exitCode: 127, text: `${before}${message}: unknown` };
    case 'EUSER': return { exitCode: 126, text: message };
    default: return { exitCode: 128, text: `failed to create task for container: ${message}` };
  }
}
