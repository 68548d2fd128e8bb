/**
 * Physical memory of a sandbox: one WebAssembly.Memory. The low part belongs to the CPU (register file, decoded blocks,
 * translation tables), the rest is guest pages handed out by kernel/mm. Growing replaces the buffer, so views must be
 * read from here each time (`memory.u8`), never kept across anything that may allocate.
 */

export const PAGE_SIZE = 4096;
const WASM_PAGE = 65536;

export class PhysicalMemory {
  readonly memory: WebAssembly.Memory;
  u8!: Uint8Array;
  u16!: Uint16Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  f64!: Float64Array;
  view!: DataView;

  /**
   * @param reserved bytes at the bottom that belong to the CPU (multiple of 64 KiB)
   * @param limit bytes in all, at most 4 GiB - 64 KiB
   */
  constructor(readonly reserved: number, readonly limit: number) {
    this.memory = new WebAssembly.Memory({ initial: reserved / WASM_PAGE, maximum: Math.floor(limit / WASM_PAGE) });
    this.refresh();
  }

  /** Bytes there are now. */
  get size(): number { return this.u8.length; }

  /** Makes room for `bytes` more (rounded up to 64 KiB). False when the limit or the host's memory is exhausted. */
  grow(bytes: number): boolean {
    try {
      this.memory.grow(Math.ceil(bytes / WASM_PAGE));
    } catch {
      return false;
    }
    this.refresh();
    return true;
  }

  private refresh(): void {
    const b = this.memory.buffer;
    this.u8 = new Uint8Array(b);
    this.u16 = new Uint16Array(b);
    this.i32 = new Int32Array(b);
    this.u32 = new Uint32Array(b);
    this.f64 = new Float64Array(b);
    this.view = new DataView(b);
  }
}
