import { describe, expect, it } from 'vitest';
import { portToReadable, portToWritable, readableToPort } from '../../../src/protocol/port-stream.ts';

async function collect(readable: ReadableStream<Uint8Array>): Promise<number[]> {
  const out: number[] = [];
  for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) out.push(...chunk);
  return out;
}

describe('port streams', () => {
  it('carries bytes in order and ends', async () => {
    const { port1, port2 } = new MessageChannel();
    const writer = portToWritable(port1 as never).getWriter();
    const got = collect(portToReadable(port2 as never) as never);
    await writer.write(Uint8Array.of(1, 2));
    await writer.write(Uint8Array.of(3));
    await writer.close();
    expect(await got).toEqual([1, 2, 3]);
  });

  it('holds a producer back until the consumer reads', async () => {
    const { port1, port2 } = new MessageChannel();
    const writer = portToWritable(port1 as never).getWriter();
    let sent = 0;
    const producer = (async () => { for (let i = 0; i < 40; i++) { await writer.write(new Uint8Array(65536)); sent++; } await writer.close(); })();
    const readable = portToReadable(port2 as never);
    await new Promise((r) => setTimeout(r, 50));
    expect(sent).toBeLessThan(8);
    let total = 0;
    for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) total += chunk.length;
    await producer;
    expect(total).toBe(40 * 65536);
  });

  it('tells the producer that the consumer is gone, and the consumer of an error', async () => {
    const a = new MessageChannel();
    const writer = portToWritable(a.port1 as never).getWriter();
    await portToReadable(a.port2 as never).cancel('enough');
    await new Promise((r) => setTimeout(r, 20));
    await expect(writer.write(Uint8Array.of(1))).rejects.toThrow('enough');

    const b = new MessageChannel();
    const failing = new ReadableStream<Uint8Array>({ start(c) { c.error(new Error('torn')); } });
    const received = collect(portToReadable(b.port2 as never) as never);
    await readableToPort(failing as never, b.port1 as never);
    await expect(received).rejects.toThrow('torn');
  });
});
