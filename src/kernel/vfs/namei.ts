/**
 * Path walk (path_resolution(7), openat2(2)): from a string to a place in the tree, over mounts, symbolic links and the
 * magic links of /proc. Metadata is always in memory, so a walk never blocks.
 */
import { EACCES, EINVAL, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, Errno, EXDEV } from '../../abi/errno.ts';
import { AT_FDCWD, NAME_MAX, PATH_MAX, X_OK } from '../../abi/fcntl.ts';
import { MS_NOSYMFOLLOW } from '../../abi/mount.ts';
import { isDirectory, isSymlink } from '../../abi/stat.ts';
import type { Task } from '../task/task.ts';
import { crossMounts } from './mount.ts';
import { nameLength } from './name.ts';
import type { Path } from './path.ts';
import { mayAccess } from './permission.ts';

const MAX_LINKS = 40;

/** How to walk; a set is the sum. */
export const Walk = {
  /** Do not follow a symbolic link in the last component. */
  NoFollow: 1,
  /** The result must be a directory. */
  Directory: 2,
  /** An empty path means dirfd itself (AT_EMPTY_PATH). */
  Empty: 4,
  /** RESOLVE_* of openat2(2). */
  NoXdev: 8, NoMagicLinks: 16, NoSymlinks: 32, Beneath: 64, InRoot: 128,
  /** For making or removing the last component: never followed, and a trailing slash is left to the caller to judge. */
  Parent: 256,
  /** O_CREAT: a last component that ends in a slash is EISDIR, whether it exists or not. */
  Create: 512,
} as const;

/** Where a path leads. `path` is undefined when the last component does not exist in `parent`. */
export interface Located {
  /** Directory of the last component. */
  readonly parent: Path;
  /** Last component: a proper name, or `.`, `..` or `` (the root) when the path ends so. */
  readonly name: string;
  readonly path: Path | undefined;
  /** The path ended in a slash. */
  readonly trailingSlash: boolean;
}

/** Directory that relative paths of an *at call start from. */
export function startOf(task: Task, dirfd: number): Path {
  const fd = dirfd | 0;
  if (fd === AT_FDCWD) return task.fs.cwd;
  const path = task.files.get(fd).path;
  if (!path) throw new Errno(ENOTDIR);
  return path;
}

/** Resolves to an existing object; throws Errno. */
export function resolve(task: Task, dirfd: number, path: string, flags = 0): Path {
  if (path === '' && (flags & Walk.Empty) !== 0) return startOf(task, dirfd);
  const found = locate(task, dirfd, path, flags);
  if (!found.path) throw new Errno(ENOENT);
  return found.path;
}

/** Resolves for a call that makes or removes the last component: a link there is not followed. */
export function locateParent(task: Task, dirfd: number, path: string): Located {
  return locate(task, dirfd, path, Walk.Parent);
}

/** The walk itself. Unlike resolve, a missing last component is no error. */
export function locate(task: Task, dirfd: number, path: string, flags = 0): Located {
  if (path === '') throw new Errno(ENOENT);
  if (path.length >= PATH_MAX || nameLength(path) >= PATH_MAX) throw new Errno(ENAMETOOLONG);
  const start = path.startsWith('/') && (flags & (Walk.Beneath | Walk.InRoot)) === 0 ? task.fs.root : startOf(task, dirfd);
  return new Walker(task, start, flags).walk(path);
}

/** Resolves an absolute or relative path from `start`, as the kernel itself (runtime, loader): same rules, other start. */
export function resolveFrom(task: Task, start: Path, path: string, flags = 0): Path {
  const found = new Walker(task, path.startsWith('/') ? task.fs.root : start, flags).walk(path);
  if (!found.path) throw new Errno(ENOENT);
  return found.path;
}

class Walker {
  private links = 0;
  private readonly root: Path;

  constructor(private readonly task: Task, private readonly start: Path, private readonly flags: number) {
    this.root = flags & (Walk.Beneath | Walk.InRoot) ? start : task.fs.root;
  }

  walk(path: string): Located {
    const { flags } = this;
    if (path.startsWith('/') && (flags & Walk.Beneath) !== 0) throw new Errno(EXDEV);
    let at = path.startsWith('/') ? this.root : this.start;
    let parent = at, name = '', trailingSlash = path.endsWith('/');
    let pending = components(path);
    if (pending.length === 0) this.mustBeDirectory(at);

    while (pending.length > 0) {
      this.mustBeDirectory(at);
      if (!mayAccess(this.task.credentials, at.dentry.inode, X_OK)) throw new Errno(EACCES);
      const component = pending.pop()!;
      const last = pending.length === 0;
      parent = at;
      name = component;
      if (component === '.') continue;
      if (component === '..') { at = this.up(at); continue; }
      if (last && trailingSlash && (flags & Walk.Create) !== 0) throw new Errno(EISDIR);
      if (component.length > NAME_MAX || nameLength(component) > NAME_MAX) throw new Errno(ENAMETOOLONG);

      const dentry = at.dentry.lookup(component);
      if (!dentry) {
        if (!last) throw new Errno(ENOENT);
        return { parent, name, path: undefined, trailingSlash };
      }
      const next = crossMounts({ mount: at.mount, dentry });
      if (next.mount !== at.mount && (flags & Walk.NoXdev) !== 0) throw new Errno(EXDEV);

      const keepLink = last && ((flags & Walk.Parent) !== 0 || (!trailingSlash && (flags & Walk.NoFollow) !== 0));
      if (keepLink || !isSymlink(next.dentry.inode.mode)) { at = next; continue; }
      const target = this.follow(next);
      if (typeof target !== 'string') { at = target; continue; }
      if (target.startsWith('/')) {
        if ((flags & Walk.Beneath) !== 0) throw new Errno(EXDEV);
        at = this.root;
      }
      if (last && target.endsWith('/')) trailingSlash = true;
      const more = components(target);
      if (more.length === 0) { name = ''; parent = at; }
      pending = pending.concat(more);
    }

    if ((trailingSlash && (flags & Walk.Parent) === 0) || (flags & Walk.Directory) !== 0) this.mustBeDirectory(at);
    return { parent, name, path: at, trailingSlash };
  }

  private mustBeDirectory(at: Path): void {
    if (!isDirectory(at.dentry.inode.mode)) throw new Errno(ENOTDIR);
  }

  private up(at: Path): Path {
    let { mount, dentry } = at;
    for (;;) {
      if (mount === this.root.mount && dentry === this.root.dentry) {
        if ((this.flags & Walk.Beneath) !== 0) throw new Errno(EXDEV);
        return at;
      }
      if (dentry === mount.root) {
        if (!mount.parent) return at;
        if ((this.flags & Walk.NoXdev) !== 0) throw new Errno(EXDEV);
        dentry = mount.mountpoint!;
        mount = mount.parent;
        continue;
      }
      return crossMounts({ mount, dentry: dentry.parent! });
    }
  }

  /** One symbolic link: its text, or the place a magic link stands for. */
  private follow(link: Path): string | Path {
    if (++this.links > MAX_LINKS || (this.flags & Walk.NoSymlinks) !== 0 || (link.mount.flags & MS_NOSYMFOLLOW) !== 0) throw new Errno(ELOOP);
    const inode = link.dentry.inode;
    const magic = inode.followLink?.(this.task);
    if (magic) {
      if ((this.flags & Walk.NoMagicLinks) !== 0) throw new Errno(ELOOP);
      if ((this.flags & (Walk.Beneath | Walk.InRoot)) !== 0) throw new Errno(EXDEV);
      return magic;
    }
    const target = inode.readlink(this.task);
    if (target === '') throw new Errno(ENOENT);
    if (target.length >= PATH_MAX) throw new Errno(EINVAL);
    return target;
  }
}

/** Components in reverse, so that the next one is popped. */
function components(path: string): string[] {
  const out: string[] = [];
  for (let end = path.length; end > 0;) {
    const slash = path.lastIndexOf('/', end - 1);
    if (slash + 1 < end) out.push(path.slice(slash + 1, end));
    end = slash;
  }
  return out;
}
