/** SysV shared memory (shmget(2), shmop(2), shmctl(2)). */
import { EINVAL, Errno } from '../../abi/errno.ts';
import { MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_SHARED, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import { PAGE_SIZE } from '../../cpu/memory.ts';
import { mapArea, pageUp, unmapArea } from '../mm/map.ts';
import { SharedMemory } from '../mm/shared-memory.ts';
import type { Task } from '../task/task.ts';
import { IPC_RMID, IPC_SET, IPC_STAT, IpcObject, IpcTable } from './ids.ts';

const SHM_RDONLY = 0o10000, SHM_RND = 0o20000, SHM_REMAP = 0o40000, SHM_EXEC = 0o100000;
const SHM_DEST = 0o1000;
const SHM_LOCK = 11, SHM_UNLOCK = 12;
const SHMMAX = 2 ** 40;
const SHMID_DS = 112;

class Memory extends SharedMemory {
  attached = 0;
  override retain(): void { this.attached++; super.retain(); }
  override release(): void { this.attached--; super.release(); }
}

export class Segment extends IpcObject {
  atime = 0;
  dtime = 0;
  lastPid = 0;
  constructor(readonly memory: Memory, readonly bytes: number, readonly creator: number) { super(); }
}

export class SharedSegments {
  readonly table = new IpcTable<Segment>(4096);

  get(task: Task, key: number, size: number, flags: number): number {
    return this.table.obtain(task, key, flags, (s) => { if (size > s.bytes) throw new Errno(EINVAL); }, () => {
      if (size < 1 || size > SHMMAX) throw new Errno(EINVAL);
      return new Segment(new Memory(task.kernel.pages, pageUp(size)), size, task.process.pid);
    });
  }

  attach(task: Task, id: number, address: number, flags: number): number {
    const s = this.table.get(id);
    const readonly = (flags & SHM_RDONLY) !== 0;
    s.permit(task, readonly ? 4 : 6);
    const at = flags & SHM_RND ? address - (address % PAGE_SIZE) : address;
    if (at % PAGE_SIZE !== 0 || (at === 0 && flags & SHM_REMAP)) throw new Errno(EINVAL);
    s.memory.retain();
    const prot = PROT_READ | (readonly ? 0 : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0);
    const place = at === 0 ? 0 : flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    const start = mapArea(task.mm, { address: at, length: s.memory.size, prot, flags: MAP_SHARED | place, backing: s.memory, name: `/SYSV${(s.key >>> 0).toString(16).padStart(8, '0')}` });
    s.atime = now(task);
    s.lastPid = task.process.pid;
    return start;
  }

  detach(task: Task, address: number): number {
    const area = task.mm.areas.find(address);
    const memory = area?.backing;
    if (!area || area.start !== address || !(memory instanceof Memory) || address % PAGE_SIZE !== 0) return -EINVAL;
    for (const v of [...task.mm.areas.all]) if (v.backing === memory && v.start - v.offset * PAGE_SIZE === address) unmapArea(task.mm, v.start, v.end - v.start);
    const s = this.table.all().find((x) => x.memory === memory);
    if (s) {
      s.dtime = now(task);
      s.lastPid = task.process.pid;
    }
    return 0;
  }

  control(task: Task, id: number, command: number, buffer: number): number {
    const s = this.table.get(id);
    switch (command & 0xff) {
      case IPC_STAT: {
        s.permit(task, 4);
        const v = new DataView(new ArrayBuffer(SHMID_DS));
        s.writePerm(v);
        [s.bytes, s.atime, s.dtime, s.ctime].forEach((n, i) => v.setBigUint64(48 + i * 8, BigInt(n), true));
        v.setInt32(80, s.creator, true);
        v.setInt32(84, s.lastPid, true);
        v.setBigUint64(88, BigInt(s.memory.attached), true);
        task.mm.copyOut(buffer, new Uint8Array(v.buffer));
        return 0;
      }
      case IPC_SET: s.readPerm(task, new DataView(task.mm.copyIn(buffer, SHMID_DS).buffer)); return 0;
      case IPC_RMID:
        s.permitOwner(task);
        s.mode |= SHM_DEST;
        this.table.remove(s);
        s.memory.attached++;
        s.memory.release();
        return 0;
      case SHM_LOCK: case SHM_UNLOCK: return 0;
      default: return -EINVAL;
    }
  }
}

function now(task: Task): number { return Math.floor(task.kernel.clock.now() / 1000); }

