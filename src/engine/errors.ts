/** Errors as the Engine API gives them: the one mapping from typed errors (base/errors.ts) to HTTP statuses. */
import { Conflict, DockerError, Forbidden, InvalidParameter, NotFound, NotImplemented, Unauthorized, Unavailable } from '../base/errors.ts';
import { StorageFull } from '../host/ports.ts';

/** The container is already in the state asked for: 304, no body. */
export class NotModified extends DockerError { override name = 'NotModified'; }

/** By name too, since an error that came through a message port has lost its class. */
const STATUS: readonly [new (message: string) => Error, number][] = [
  [NotModified, 304], [InvalidParameter, 400], [Unauthorized, 401], [Forbidden, 403], [NotFound, 404], [Conflict, 409],
  [StorageFull, 500], [NotImplemented, 501], [Unavailable, 503],
];

export function statusOf(error: unknown): number {
  const name = (error as Error | undefined)?.name;
  for (const [kind, status] of STATUS) if (error instanceof kind || kind.name === name) return status;
  return 500;
}

export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const message = (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' ? message : String(error);
}
