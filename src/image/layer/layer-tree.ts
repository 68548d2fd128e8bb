/**
 * The tree that a layer's tar describes, entry by entry: whiteouts, replacement, hard links, parents reached through
 * symbolic links of the same layer, and names that try to leave it.
 * Reference: OCI image-spec layer.md; moby pkg/archive (UnpackLayer), whose texts these are.
 */
import { NodeType, type LayerEntry } from '../../abi/layer-index.ts';
import { InvalidParameter } from '../../base/errors.ts';
import type { TarEntry, TarType } from './tar-read.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const AUFS_META = '.wh..wh.';
const MAX_LINKS = 40;

const NODE_TYPES: Record<Exclude<TarType, 'link'>, NodeType> = {
  file: NodeType.Regular, symlink: NodeType.Symlink, char: NodeType.CharDevice, block: NodeType.BlockDevice, directory: NodeType.Directory, fifo: NodeType.Fifo,
};

type Inode = Omit<LayerEntry, 'path' | 'hardLink'>;

export class LayerTree {
  private readonly inodes = new Map<string, Inode>();
  /** Directories that are known to be reached by their own name. */
  private readonly plain = new Set<string>(['']);

  /** Adds an entry whose content, if any, was stored at `contentOffset`. */
  add(entry: TarEntry, contentOffset: number): void {
    const given = cleanPath(entry.name, `${JSON.stringify(entry.name)} is outside of the layer`);
    if (given === '') {
      if (entry.type === 'directory') this.set('', this.inode(entry, contentOffset));
      return;
    }
    // What aufs kept for itself at the root (.wh..wh.plnk/…).
    if (given.startsWith(AUFS_META) && given !== OPAQUE) return;
    const [directory, base] = splitPath(given);
    const parent = this.resolveDirectory(directory, entry.name);
    if (base.startsWith(WHITEOUT)) { this.whiteout(parent, base, entry.name); return; }
    const path = join(parent, base);
    if (entry.type === 'link') {
      const target = this.linkTarget(entry);
      this.set(path, target);
      return;
    }
    if (entry.type === 'symlink' && !entry.linkName.startsWith('/')) cleanPath(`${parent}/${entry.linkName}`.replace(/^\//, ''), `invalid symlink ${JSON.stringify(entry.name)} -> ${JSON.stringify(entry.linkName)}`);
    this.set(path, this.inode(entry, contentOffset));
  }

  /** The entries for the layer index; the first name of each inode carries it, further ones are links to that. */
  *entries(): Generator<LayerEntry> {
    const first = new Map<Inode, string>();
    for (const [path, inode] of this.inodes) {
      const primary = first.get(inode);
      if (primary === undefined) { first.set(inode, path); yield { ...inode, path }; } else yield { ...inode, path, hardLink: primary };
    }
  }

  private inode(entry: TarEntry, contentOffset: number): Inode {
    const type = NODE_TYPES[entry.type as Exclude<TarType, 'link'>];
    return {
      type, mode: entry.mode, uid: entry.uid >>> 0, gid: entry.gid >>> 0, mtimeSec: entry.mtimeSec, mtimeNsec: entry.mtimeNsec,
      ...(type === NodeType.Regular && { size: entry.size, contentOffset }),
      ...(type === NodeType.Symlink && { target: entry.linkName, size: new TextEncoder().encode(entry.linkName).length, mode: 0o777 }),
      ...((type === NodeType.CharDevice || type === NodeType.BlockDevice) && { rdev: makeDevice(entry.devMajor, entry.devMinor) }),
      ...(entry.xattrs.size > 0 && { xattrs: entry.xattrs }),
    };
  }

  private set(path: string, inode: Inode): void {
    const before = this.inodes.get(path);
    if (inode.type === NodeType.Directory) {
      // A directory over a whiteout of the same layer hides what lower layers have.
      const opaque = before?.type === NodeType.Whiteout || (before?.type === NodeType.Directory && before.opaque === true);
      this.inodes.set(path, opaque ? { ...inode, opaque: true } : inode);
      this.plain.add(path);
      return;
    }
    if (before?.type === NodeType.Directory || this.plain.has(path)) {
      for (const below of [...this.inodes.keys()]) if (below.startsWith(`${path}/`)) this.inodes.delete(below);
      this.plain.clear();
      this.plain.add('');
    }
    this.inodes.set(path, inode);
  }

  private whiteout(parent: string, base: string, name: string): void {
    if (base === OPAQUE) {
      const directory = this.inodes.get(parent);
      if (directory) directory.opaque = true; else this.inodes.set(parent, { type: NodeType.Directory, mode: 0o755, uid: 0, gid: 0, mtimeSec: 0, implied: true, opaque: true });
      return;
    }
    if (base.startsWith(AUFS_META)) return;
    const hidden = base.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..') throw new InvalidParameter(`invalid whiteout ${JSON.stringify(name)}`);
    const path = join(parent, hidden), before = this.inodes.get(path);
    if (before === undefined && !this.plain.has(path)) this.inodes.set(path, { type: NodeType.Whiteout, mode: 0, uid: 0, gid: 0, mtimeSec: 0 });
    // What this layer itself has stays: a whiteout speaks of lower layers only.
    else if (before?.type === NodeType.Directory) before.opaque = true;
    else if (before === undefined) this.inodes.set(path, { type: NodeType.Directory, mode: 0o755, uid: 0, gid: 0, mtimeSec: 0, implied: true, opaque: true });
  }

  private linkTarget(entry: TarEntry): Inode {
    const text = `invalid hardlink ${JSON.stringify(entry.name)} -> ${JSON.stringify(entry.linkName)}`;
    const [directory, base] = splitPath(cleanPath(entry.linkName, text));
    const target = this.inodes.get(join(this.resolveDirectory(directory, entry.name), base));
    if (!target || target.type === NodeType.Whiteout) throw new InvalidParameter(`link ${entry.linkName} ${entry.name}: no such file or directory`);
    if (target.type === NodeType.Directory) throw new InvalidParameter(`link ${entry.linkName} ${entry.name}: operation not permitted`);
    return target;
  }

  /** Where directory `path` really lies, following symbolic links of this layer, scoped to its root. */
  private resolveDirectory(path: string, name: string): string {
    if (this.plain.has(path)) return path;
    let at = '', links = 0;
    const rest = path.split('/');
    while (rest.length > 0) {
      const part = rest.shift()!;
      if (part === '' || part === '.') continue;
      if (part === '..') { at = splitPath(at)[0]; continue; }
      const next = join(at, part), inode = this.inodes.get(next);
      if (inode?.type === NodeType.Symlink) {
        if (++links > MAX_LINKS) throw new InvalidParameter(`${name}: too many levels of symbolic links`);
        if (inode.target!.startsWith('/')) at = '';
        rest.unshift(...inode.target!.split('/'));
        continue;
      }
      if (inode && inode.type !== NodeType.Directory && inode.type !== NodeType.Whiteout) throw new InvalidParameter(`${name}: ${next} is not a directory`);
      if (inode?.type === NodeType.Whiteout) this.inodes.set(next, { type: NodeType.Directory, mode: 0o755, uid: 0, gid: 0, mtimeSec: 0, implied: true, opaque: true });
      this.plain.add(next);
      at = next;
    }
    return at;
  }
}

/** path.Clean below the root, without leading slash; throws when it climbs out of it. */
function cleanPath(path: string, error: string): string {
  const absolute = path.startsWith('/'), out: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') out.push(part);
    else if (out.length > 0) out.pop();
    else if (!absolute) throw new InvalidParameter(error);
  }
  return out.join('/');
}

function splitPath(path: string): [directory: string, base: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
}

function join(directory: string, name: string): string { return directory === '' ? name : `${directory}/${name}`; }

/** Linux's 32-bit dev_t (makedev(3)). */
function makeDevice(major: number, minor: number): number { return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0; }
