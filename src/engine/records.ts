/** JSON records in the store: containers, volumes, the engine's own id. */
import type { KeyValueStore } from '../host/ports.ts';

const encoder = new TextEncoder(), decoder = new TextDecoder();

export function encodeRecord(value: unknown): Uint8Array { return encoder.encode(JSON.stringify(value)); }
export function decodeRecord<T>(bytes: Uint8Array): T { return JSON.parse(decoder.decode(bytes)) as T; }

export async function putRecord(store: KeyValueStore, key: string, value: unknown): Promise<void> {
  await store.commit({ puts: [[key, encodeRecord(value)]] });
}

export async function allRecords<T>(store: KeyValueStore, prefix: string): Promise<T[]> {
  return (await store.entries(prefix)).map(([, bytes]) => decodeRecord<T>(bytes));
}
