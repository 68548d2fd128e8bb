/**
 * Docker's multiplexed stream (application/vnd.docker.multiplexed-stream): frames of an 8-byte head {stream, 0, 0, 0,
 * length u32 big endian} and payload. Used by attach, exec and logs of containers without a tty.
 */

/** A piece of output: `stream` is 1 for stdout, 2 for stderr. */
export interface StdFrame { stream: 1 | 2; data: Uint8Array }

/** Frames of the stream as they complete. Throws on a stream number Docker does not have, or an end inside a frame. */
export async function* demultiplex(source: AsyncIterable<Uint8Array>): AsyncGenerator<StdFrame> {
  let pending = new Uint8Array(0);
  for await (const chunk of source) {
    let bytes = chunk;
    if (pending.length > 0) {
      bytes = new Uint8Array(pending.length + chunk.length);
      bytes.set(pending);
      bytes.set(chunk, pending.length);
    }
    let at = 0;
    while (bytes.length - at >= 8) {
      const stream = bytes[at];
      if (stream > 3) throw new Error(`Unrecognized input header: ${stream}`);
      const length = ((bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7]) >>> 0;
      if (bytes.length - at - 8 < length) break;
      if (stream === 3) throw new Error(new TextDecoder().decode(bytes.subarray(at + 8, at + 8 + length)));
      yield { stream: stream === 2 ? 2 : 1, data: bytes.subarray(at + 8, at + 8 + length) };
      at += 8 + length;
    }
    pending = bytes.slice(at);
  }
  if (pending.length > 0) throw new Error('unexpected EOF');
}
