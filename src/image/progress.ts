/**
 * Docker's progress stream as values: one object a line in the answers of /images/create, /push, /load and /build
 * (moby: pkg/jsonmessage). The docker client draws its bars from `progressDetail`.
 */
export interface ProgressMessage {
  status?: string;
  /** Short layer id, or the tag in `TAG: Pulling from REPO`. */
  id?: string;
  progressDetail?: { current?: number; total?: number };
  stream?: string;
  aux?: unknown;
  error?: string;
  errorDetail?: { message: string; code?: number };
}

export type Progress = (message: ProgressMessage) => void;

/** Passes at most one progress bar update per layer each `everyMs`, but every change of status. */
export function throttle(progress: Progress, monotonic: () => number, everyMs = 100): Progress {
  const last = new Map<string, { status: string | undefined; at: number }>();
  return (message) => {
    if (message.id === undefined || message.progressDetail?.current === undefined) { if (message.id !== undefined) last.delete(message.id); progress(message); return; }
    const before = last.get(message.id), now = monotonic();
    const finished = message.progressDetail.current === message.progressDetail.total;
    if (before && before.status === message.status && now - before.at < everyMs && !finished) return;
    last.set(message.id, { status: message.status, at: now });
    progress(message);
  };
}
