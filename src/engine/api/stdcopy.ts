/** Frames of Docker's multiplexed stream (moby: api/pkg/stdcopy): {1 stdout | 2 stderr, 0, 0, 0, length u32 big endian}, payload. */

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

export type StdStream = 'stdout' | 'stderr';

export function frame(stream: StdStream, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + data.length);
  out[0] = stream === 'stderr' ? 2 : 1;
  new DataView(out.buffer).setUint32(4, data.length);
  out.set(data, 8);
  return out;
}

/** The content type of an attach, exec or logs answer: multiplexed since API 1.42, unless there is a terminal. */
export function streamType(tty: boolean, minor: number): string {
  return tty || minor < 42 ? RAW_STREAM : MULTIPLEXED_STREAM;
}
