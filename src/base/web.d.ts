/**
 * The host-neutral web globals that the core may use: present in every browser worker and in Node 20.
 * The core (tsconfig.core.json) compiles without DOM and Node types, so that nothing else slips in.
 */

declare namespace WebAssembly {
  class Module { constructor(bytes: Uint8Array | ArrayBuffer); }
  class Instance { constructor(module: Module, imports?: Record<string, Record<string, unknown>>); readonly exports: Record<string, any>; }
  class Memory { constructor(descriptor: { initial: number; maximum?: number; shared?: boolean }); readonly buffer: ArrayBuffer; grow(pages: number): number; }
  class Table { constructor(descriptor: { element: 'anyfunc'; initial: number; maximum?: number }); readonly length: number; get(i: number): unknown; set(i: number, f: unknown): void; grow(n: number): number; }
  class Global { constructor(descriptor: { value: string; mutable?: boolean }, v?: unknown); value: any; }
  function compile(bytes: Uint8Array | ArrayBuffer): Promise<Module>;
  function instantiate(module: Module, imports?: Record<string, Record<string, unknown>>): Promise<Instance>;
  function validate(bytes: Uint8Array | ArrayBuffer): boolean;
}

declare class TextEncoder { encode(s?: string): Uint8Array<ArrayBuffer>; encodeInto(s: string, into: Uint8Array): { read: number; written: number }; }
declare class TextDecoder { constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }); decode(b?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string; }

interface ReadableStreamDefaultReader<T> { read(): Promise<{ done: false; value: T } | { done: true; value: undefined }>; cancel(reason?: unknown): Promise<void>; releaseLock(): void; readonly closed: Promise<void>; }
interface ReadableStreamDefaultController<T> { enqueue(chunk: T): void; close(): void; error(e?: unknown): void; readonly desiredSize: number | null; }
interface UnderlyingSource<T> { start?(c: ReadableStreamDefaultController<T>): void | Promise<void>; pull?(c: ReadableStreamDefaultController<T>): void | Promise<void>; cancel?(reason?: unknown): void | Promise<void>; }
interface QueuingStrategy<T> { highWaterMark?: number; size?(chunk: T): number; }
declare class ReadableStream<T = any> {
  constructor(source?: UnderlyingSource<T>, strategy?: QueuingStrategy<T>);
  readonly locked: boolean;
  getReader(): ReadableStreamDefaultReader<T>;
  cancel(reason?: unknown): Promise<void>;
  pipeTo(dest: WritableStream<T>, options?: { preventClose?: boolean; preventAbort?: boolean; preventCancel?: boolean; signal?: AbortSignal }): Promise<void>;
  pipeThrough<U>(transform: { writable: WritableStream<any>; readable: ReadableStream<U> }): ReadableStream<U>;
  tee(): [ReadableStream<T>, ReadableStream<T>];
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}
interface WritableStreamDefaultWriter<T> { write(chunk: T): Promise<void>; close(): Promise<void>; abort(reason?: unknown): Promise<void>; releaseLock(): void; readonly closed: Promise<void>; readonly ready: Promise<void>; readonly desiredSize: number | null; }
interface UnderlyingSink<T> { start?(c: { error(e?: unknown): void }): void | Promise<void>; write?(chunk: T, c: { error(e?: unknown): void }): void | Promise<void>; close?(): void | Promise<void>; abort?(reason?: unknown): void | Promise<void>; }
declare class WritableStream<T = any> { constructor(sink?: UnderlyingSink<T>, strategy?: QueuingStrategy<T>); readonly locked: boolean; getWriter(): WritableStreamDefaultWriter<T>; close(): Promise<void>; abort(reason?: unknown): Promise<void>; }
declare class TransformStream<I = any, O = any> { constructor(t?: { start?(c: ReadableStreamDefaultController<O>): void | Promise<void>; transform?(chunk: I, c: ReadableStreamDefaultController<O>): void | Promise<void>; flush?(c: ReadableStreamDefaultController<O>): void | Promise<void> }, w?: QueuingStrategy<I>, r?: QueuingStrategy<O>); readonly readable: ReadableStream<O>; readonly writable: WritableStream<I>; }
declare class DecompressionStream { constructor(format: 'gzip' | 'deflate' | 'deflate-raw'); readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<Uint8Array>; }
declare class CompressionStream { constructor(format: 'gzip' | 'deflate' | 'deflate-raw'); readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<Uint8Array>; }

interface AbortSignal { readonly aborted: boolean; readonly reason: unknown; throwIfAborted(): void; addEventListener(type: 'abort', f: () => void, options?: { once?: boolean }): void; removeEventListener(type: 'abort', f: () => void): void; }
declare class AbortController { readonly signal: AbortSignal; abort(reason?: unknown): void; }
declare class URL { constructor(url: string, base?: string | URL); href: string; origin: string; protocol: string; host: string; hostname: string; port: string; pathname: string; search: string; hash: string; username: string; password: string; readonly searchParams: URLSearchParams; toString(): string; static canParse(url: string, base?: string): boolean; }
declare class URLSearchParams { constructor(init?: string | Record<string, string> | [string, string][]); get(k: string): string | null; getAll(k: string): string[]; has(k: string): boolean; set(k: string, v: string): void; append(k: string, v: string): void; delete(k: string): void; entries(): IterableIterator<[string, string]>; [Symbol.iterator](): IterableIterator<[string, string]>; toString(): string; }

/** The part of MessagePort that worker_threads and browsers share. */
interface MessagePort { postMessage(message: unknown, transfer?: any[]): void; onmessage: ((event: any) => void) | null; start?(): void; close(): void; }
declare class MessageChannel { readonly port1: MessagePort; readonly port2: MessagePort; }

declare function setTimeout(f: () => void, ms?: number): any;
declare function clearTimeout(id: any): void;
declare function setInterval(f: () => void, ms?: number): any;
declare function clearInterval(id: any): void;
declare function queueMicrotask(f: () => void): void;
declare function structuredClone<T>(v: T): T;
declare function atob(s: string): string;
declare function btoa(s: string): string;
declare const performance: { now(): number; readonly timeOrigin: number };
declare const crypto: { getRandomValues<T extends ArrayBufferView>(a: T): T; randomUUID(): string; subtle: { digest(alg: string, data: ArrayBufferView | ArrayBuffer): Promise<ArrayBuffer> } };
declare const console: { log(...a: unknown[]): void; warn(...a: unknown[]): void; error(...a: unknown[]): void; debug(...a: unknown[]): void };
