/** What the three kinds of SysV objects share: keys, identifiers, permissions (sysvipc(7), ftok(3)). */
import { CAP_IPC_OWNER, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { EACCES, EEXIST, EIDRM, EINVAL, ENOENT, ENOSPC, EPERM, Errno } from '../../abi/errno.ts';
import type { Task } from '../task/task.ts';

export const IPC_CREAT = 0o1000, IPC_EXCL = 0o2000, IPC_NOWAIT = 0o4000;
export const IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, IPC_INFO = 3;
const IPC_PRIVATE = 0;
export const PERM_SIZE = 48;

export abstract class IpcObject {
  id = 0;
  key = 0;
  uid = 0;
  gid = 0;
  cuid = 0;
  cgid = 0;
  mode = 0;
  ctime = 0;
  removed = false;

  /** Fills struct ipc64_perm. */
  writePerm(v: DataView): void {
    v.setInt32(0, this.key, true);
    [this.uid, this.gid, this.cuid, this.cgid, this.mode].forEach((n, i) => v.setUint32(4 + i * 4, n, true));
  }

  /** IPC_SET: owner and mode from a struct ipc64_perm. */
  readPerm(task: Task, v: DataView): void {
    this.permitOwner(task);
    this.uid = v.getUint32(4, true);
    this.gid = v.getUint32(8, true);
    this.mode = v.getUint32(20, true) & 0o777;
    this.ctime = Math.floor(task.kernel.clock.now() / 1000);
  }

  /** @param want bits of one class: 4 read, 2 write */
  permit(task: Task, want: number): void {
    const c = task.credentials;
    const shift = c.euid === this.uid || c.euid === this.cuid ? 6 : [this.gid, this.cgid].some((g) => c.egid === g || c.groups.includes(g)) ? 3 : 0;
    if (((this.mode >> shift) & want) !== want && !c.has(CAP_IPC_OWNER)) throw new Errno(EACCES);
  }

  permitOwner(task: Task): void {
    const { euid } = task.credentials;
    if (euid !== this.uid && euid !== this.cuid && !task.credentials.has(CAP_SYS_ADMIN)) throw new Errno(EPERM);
  }
}

/** Objects of one kind by key and by id. An id is slot + 32768 * sequence, so that stale ids are noticed. */
export class IpcTable<T extends IpcObject> {
  private readonly slots: (T | undefined)[] = [];
  private sequence = 0;

  constructor(private readonly max: number) {}

  /** shmget, semget, msgget. `check` judges an existing object (its size), `make` a new one. */
  obtain(task: Task, key: number, flags: number, check: (found: T) => void, make: () => T): number {
    const found = key === IPC_PRIVATE ? undefined : this.slots.find((s) => s?.key === key);
    if (found) {
      if (flags & IPC_CREAT && flags & IPC_EXCL) throw new Errno(EEXIST);
      found.permit(task, (flags >> 6) & 6);
      check(found);
      return found.id;
    }
    if (key !== IPC_PRIVATE && !(flags & IPC_CREAT)) throw new Errno(ENOENT);
    let slot = this.slots.findIndex((s) => s === undefined);
    if (slot < 0) slot = this.slots.length;
    if (slot >= this.max) throw new Errno(ENOSPC);
    const made = make();
    const { euid, egid } = task.credentials;
    Object.assign(made, { key, uid: euid, gid: egid, cuid: euid, cgid: egid, mode: flags & 0o777, ctime: Math.floor(task.kernel.clock.now() / 1000) });
    this.slots[slot] = made;
    made.id = slot + 32768 * this.sequence;
    this.sequence = (this.sequence + 1) % 65536;
    return made.id;
  }

  get(id: number): T {
    const found = this.slots[id % 32768];
    if (!found) throw new Errno(EINVAL);
    if (found.id !== id) throw new Errno(EIDRM);
    return found;
  }

  remove(object: T): void {
    object.removed = true;
    this.slots[object.id % 32768] = undefined;
  }

  all(): T[] { return this.slots.filter((s) => s !== undefined); }
}
