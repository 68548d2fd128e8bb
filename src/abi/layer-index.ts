/**
 * The layer index: the tree and metadata of one unpacked image layer, as one byte string that is used in place.
 *
 * image/ writes it once, at pull; kernel/fs/layerfs reads it. Nothing is parsed at load: opening a layer of 100,000 files
 * costs one read, and a lookup is a binary search among a directory's children, which lie next to each other in byte order
 * of their names. File contents live beside it, concatenated into one content blob cut into CHUNK_SIZE pieces.
 *
 * Layout (little endian): header of HEADER_SIZE bytes, `count` node records of NODE_SIZE bytes, then the string heap.
 *   header  0 magic "DDL1" · 4 count u32 · 8 heap size u32 · 12 flags u32 · 16 content size f64 · 24..31 zero
 *   node    0 name offset u32 · 4 name length u16 · 6 type u8 · 7 flags u8 · 8 mode u16 (07777) · 10 nlink u16 · 12 uid u32
 *           16 gid u32 · 20 rdev u32 · 24 size f64 · 32 mtime s f64 · 40 mtime ns u32 · 44 first child / link target offset u32
 *           48 child count / link target length u32 · 52 inode (node number of the first of its hard links) u32
 *           56 content offset f64 · 64 xattr block offset u32 · 68 xattr block length u32
 * Offsets of names, targets and xattrs count from the start of the heap. An xattr block is repeated
 * (name length u16, value length u32, name, value). Node 0 is the root directory.
 */

export const CHUNK_SIZE = 256 * 1024;
export const HEADER_SIZE = 32;
export const NODE_SIZE = 72;
const MAGIC = 0x314c4444;

/** Values of a node's type; whiteouts are the OCI layer spec's `.wh.` files, already interpreted. */
export const NodeType = { Regular: 1, Directory: 2, Symlink: 3, CharDevice: 4, BlockDevice: 5, Fifo: 6, Whiteout: 7 } as const;
export type NodeType = (typeof NodeType)[keyof typeof NodeType];

/** The directory hides everything below it in lower layers (`.wh..wh..opq`). */
export const NODE_OPAQUE = 1;
/** The directory was not in the tar, only implied by a path below it: a lower layer's metadata wins. */
export const NODE_IMPLIED = 2;

/** One entry as the unpacker hands it over. `path` has no leading slash; the root is ''. */
export interface LayerEntry {
  path: string;
  type: NodeType;
  mode: number;
  uid: number;
  gid: number;
  rdev?: number;
  size?: number;
  mtimeSec: number;
  mtimeNsec?: number;
  target?: string;
  opaque?: boolean;
  implied?: boolean;
  /** Byte offset of the file's content in the layer's content blob. */
  contentOffset?: number;
  /** Path of the entry that this one is a hard link to; that entry carries the content. */
  hardLink?: string;
  xattrs?: ReadonlyMap<string, Uint8Array>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** Reader over the bytes of an index; a node is its number. */
export class LayerIndex {
  readonly count: number;
  /** Bytes in the layer's content blob. */
  readonly contentSize: number;
  private readonly view: DataView;
  private readonly heap: Uint8Array;

  /** Throws when the bytes are no layer index or are cut short. */
  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER_SIZE || this.view.getUint32(0, true) !== MAGIC) throw new Error('not a layer index');
    this.count = this.view.getUint32(4, true);
    const heapSize = this.view.getUint32(8, true);
    const heapStart = HEADER_SIZE + this.count * NODE_SIZE;
    if (bytes.length !== heapStart + heapSize) throw new Error('layer index is cut short');
    this.contentSize = this.view.getFloat64(16, true);
    this.heap = bytes.subarray(heapStart);
  }

  private at(node: number): number { return HEADER_SIZE + node * NODE_SIZE; }
  private u32(node: number, field: number): number { return this.view.getUint32(this.at(node) + field, true); }
  private str(offset: number, length: number): Uint8Array { return this.heap.subarray(offset, offset + length); }

  nameBytes(node: number): Uint8Array { return this.str(this.u32(node, 0), this.view.getUint16(this.at(node) + 4, true)); }
  name(node: number): string { return decoder.decode(this.nameBytes(node)); }
  type(node: number): NodeType { return this.view.getUint8(this.at(node) + 6) as NodeType; }
  isOpaque(node: number): boolean { return (this.view.getUint8(this.at(node) + 7) & NODE_OPAQUE) !== 0; }
  isImplied(node: number): boolean { return (this.view.getUint8(this.at(node) + 7) & NODE_IMPLIED) !== 0; }
  mode(node: number): number { return this.view.getUint16(this.at(node) + 8, true); }
  nlink(node: number): number { return this.view.getUint16(this.at(node) + 10, true); }
  uid(node: number): number { return this.u32(node, 12); }
  gid(node: number): number { return this.u32(node, 16); }
  rdev(node: number): number { return this.u32(node, 20); }
  size(node: number): number { return this.view.getFloat64(this.at(node) + 24, true); }
  mtimeSec(node: number): number { return this.view.getFloat64(this.at(node) + 32, true); }
  mtimeNsec(node: number): number { return this.u32(node, 40); }
  firstChild(node: number): number { return this.u32(node, 44); }
  childCount(node: number): number { return this.type(node) === NodeType.Directory ? this.u32(node, 48) : 0; }
  target(node: number): string { return decoder.decode(this.str(this.u32(node, 44), this.u32(node, 48))); }
  inode(node: number): number { return this.u32(node, 52); }
  contentOffset(node: number): number { return this.view.getFloat64(this.at(node) + 56, true); }

  xattrs(node: number): Map<string, Uint8Array> {
    const out = new Map<string, Uint8Array>();
    const block = this.str(this.u32(node, 64), this.u32(node, 68));
    const v = new DataView(block.buffer, block.byteOffset, block.byteLength);
    for (let p = 0; p < block.length;) {
      const nameLength = v.getUint16(p, true), valueLength = v.getUint32(p + 2, true);
      p += 6;
      out.set(decoder.decode(block.subarray(p, p + nameLength)), block.subarray(p + nameLength, p + nameLength + valueLength));
      p += nameLength + valueLength;
    }
    return out;
  }

  /** The child of directory `dir` called `name`, or -1. */
  lookup(dir: number, name: string): number {
    const wanted = encoder.encode(name);
    let low = this.firstChild(dir), high = low + this.childCount(dir) - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = compareBytes(this.nameBytes(middle), wanted);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1; else high = middle - 1;
    }
    return -1;
  }

  /** The node at a path without leading slash, not following links, or -1. */
  find(path: string): number {
    let node = 0;
    for (const part of path.split('/')) {
      if (part === '') continue;
      if (this.type(node) !== NodeType.Directory) return -1;
      node = this.lookup(node, part);
      if (node < 0) return -1;
    }
    return node;
  }
}

interface BuildNode { entry: LayerEntry; name: Uint8Array; children: Map<string, BuildNode>; number: number }

/** Builds an index. A later entry of the same path replaces an earlier one; missing parents become implied 0755 directories. */
export function buildLayerIndex(entries: Iterable<LayerEntry>, contentSize: number): Uint8Array {
  const directory = (path: string): LayerEntry => ({ path, type: NodeType.Directory, mode: 0o755, uid: 0, gid: 0, mtimeSec: 0, implied: true });
  const root: BuildNode = { entry: directory(''), name: new Uint8Array(0), children: new Map(), number: 0 };
  for (const entry of entries) {
    const parts = entry.path.split('/').filter((p) => p !== '');
    if (parts.length === 0) { root.entry = entry; continue; }
    let parent = root;
    parts.forEach((part, i) => {
      const last = i === parts.length - 1;
      let child = parent.children.get(part);
      if (!child) {
        child = { entry: last ? entry : directory(parts.slice(0, i + 1).join('/')), name: encoder.encode(part), children: new Map(), number: 0 };
        parent.children.set(part, child);
      } else if (last) {
        child.entry = entry;
        if (entry.type !== NodeType.Directory) child.children.clear();
      } else if (child.entry.type !== NodeType.Directory) {
        child.entry = directory(parts.slice(0, i + 1).join('/'));
      }
      parent = child;
    });
  }

  const order: BuildNode[] = [root];
  const firstChild = new Map<BuildNode, number>();
  for (let i = 0; i < order.length; i++) {
    const node = order[i];
    node.number = i;
    firstChild.set(node, order.length);
    order.push(...[...node.children.values()].sort((a, b) => compareBytes(a.name, b.name)));
  }
  const byPath = new Map(order.map((n) => [n.entry.path, n]));
  const primary = (node: BuildNode): BuildNode => {
    let n = node;
    for (let hops = 0; n.entry.hardLink !== undefined; hops++) {
      const next = byPath.get(n.entry.hardLink);
      if (!next || hops > order.length) throw new Error(`hard link ${node.entry.path} to missing ${n.entry.hardLink}`);
      n = next;
    }
    return n;
  };
  const links = new Map<BuildNode, number>();
  for (const n of order) { const p = primary(n); links.set(p, (links.get(p) ?? 0) + 1); }

  const heap: Uint8Array[] = [];
  let heapSize = 0;
  const intern = (bytes: Uint8Array): number => { heap.push(bytes); heapSize += bytes.length; return heapSize - bytes.length; };
  const nodes = new Uint8Array(order.length * NODE_SIZE);
  const view = new DataView(nodes.buffer);
  for (const node of order) {
    const p = primary(node), e = p.entry, at = node.number * NODE_SIZE;
    const subdirectories = [...node.children.values()].filter((c) => c.entry.type === NodeType.Directory).length;
    view.setUint32(at, intern(node.name), true);
    view.setUint16(at + 4, node.name.length, true);
    view.setUint8(at + 6, e.type);
    view.setUint8(at + 7, (e.opaque ? NODE_OPAQUE : 0) | (e.implied ? NODE_IMPLIED : 0));
    view.setUint16(at + 8, e.mode & 0o7777, true);
    view.setUint16(at + 10, e.type === NodeType.Directory ? Math.min(2 + subdirectories, 0xffff) : links.get(p)!, true);
    view.setUint32(at + 12, e.uid, true);
    view.setUint32(at + 16, e.gid, true);
    view.setUint32(at + 20, e.rdev ?? 0, true);
    view.setFloat64(at + 24, e.size ?? 0, true);
    view.setFloat64(at + 32, e.mtimeSec, true);
    view.setUint32(at + 40, e.mtimeNsec ?? 0, true);
    if (e.type === NodeType.Directory) {
      view.setUint32(at + 44, firstChild.get(node)!, true);
      view.setUint32(at + 48, node.children.size, true);
    } else if (e.type === NodeType.Symlink) {
      const target = encoder.encode(e.target ?? '');
      view.setUint32(at + 44, intern(target), true);
      view.setUint32(at + 48, target.length, true);
    }
    view.setUint32(at + 52, p.number, true);
    view.setFloat64(at + 56, e.contentOffset ?? 0, true);
    if (e.xattrs && e.xattrs.size > 0) {
      const start = heapSize;
      for (const [name, value] of e.xattrs) {
        const nameBytes = encoder.encode(name), head = new Uint8Array(6), hv = new DataView(head.buffer);
        hv.setUint16(0, nameBytes.length, true);
        hv.setUint32(2, value.length, true);
        intern(head); intern(nameBytes); intern(value);
      }
      view.setUint32(at + 64, start, true);
      view.setUint32(at + 68, heapSize - start, true);
    }
  }

  const out = new Uint8Array(HEADER_SIZE + nodes.length + heapSize);
  const header = new DataView(out.buffer);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, order.length, true);
  header.setUint32(8, heapSize, true);
  header.setFloat64(16, contentSize, true);
  out.set(nodes, HEADER_SIZE);
  let p = HEADER_SIZE + nodes.length;
  for (const piece of heap) { out.set(piece, p); p += piece.length; }
  return out;
}
