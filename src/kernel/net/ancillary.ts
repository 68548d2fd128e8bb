/** Ancillary data of messages (cmsg(3), unix(7)): open files and credentials on their way from one process to another. */
import { EBADF, EINVAL, EPERM, ETOOMANYREFS, Errno } from '../../abi/errno.ts';
import { CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from '../../abi/capability.ts';
import { MSG_CMSG_CLOEXEC, MSG_CTRUNC, SCM_CREDENTIALS, SCM_MAX_FD, SCM_RIGHTS, SOL_SOCKET } from '../../abi/socket.ts';
import type { Task } from '../task/task.ts';
import type { File } from '../vfs/file.ts';

/** struct ucred. */
export interface PeerCredentials { pid: number; uid: number; gid: number }
/** What SO_PEERCRED shows of a socket that has no peer. */
export const NO_CREDENTIALS: PeerCredentials = { pid: 0, uid: -1, gid: -1 };

export function credentialsOf(task: Task): PeerCredentials {
  return { pid: task.process.pid, uid: task.credentials.euid, gid: task.credentials.egid };
}

export function encodeUcred({ pid, uid, gid }: PeerCredentials): Uint8Array { return new Uint8Array(Int32Array.of(pid, uid, gid).buffer); }

export class Ancillary {
  /** @param files references owned by this until the message is received or dropped */
  constructor(public files: File[], readonly credentials: PeerCredentials | undefined) {}

  /** The same message with its sender known. */
  from(sender: PeerCredentials): Ancillary { return new Ancillary(this.files, sender); }

  /** The message is gone unread. */
  release(): void {
    for (const f of this.files) f.release();
    this.files = [];
  }
}

/** One control message to hand to recvmsg. */
export interface ControlMessage { level: number; type: number; data: Uint8Array }

const HEADER = 16;
const align = (n: number): number => (n + 7) & ~7;

/** Splits the msg_control buffer of sendmsg. Throws Errno(EINVAL). */
export function parseControl(bytes: Uint8Array): ControlMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), out: ControlMessage[] = [];
  for (let at = 0; at + HEADER <= bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (length < HEADER || at + length > bytes.length) throw new Errno(EINVAL);
    out.push({ level: view.getInt32(at + 8, true), type: view.getInt32(at + 12, true), data: bytes.subarray(at + HEADER, at + length) });
    at += align(length);
  }
  return out;
}

/** Files and credentials of a message sent over a unix socket; takes references. Throws Errno. */
export function unixAncillary(task: Task, messages: readonly ControlMessage[]): Ancillary {
  const files: File[] = [];
  let credentials: PeerCredentials | undefined;
  for (const { level, type, data } of messages) {
    if (level !== SOL_SOCKET) continue;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (type === SCM_RIGHTS) {
      if (files.length + data.length / 4 > SCM_MAX_FD) throw new Errno(files.length > 0 ? ETOOMANYREFS : EINVAL);
      for (let at = 0; at + 4 <= data.length; at += 4) {
        const file = task.files.peek(view.getInt32(at, true));
        if (!file) { for (const f of files) f.release(); throw new Errno(EBADF); }
        files.push(file.retain());
      }
    } else if (type === SCM_CREDENTIALS) {
      if (data.length !== 12) throw new Errno(EINVAL);
      credentials = { pid: view.getInt32(0, true), uid: view.getInt32(4, true), gid: view.getInt32(8, true) };
      if (!mayClaim(task, credentials)) throw new Errno(EPERM);
    } else {
      throw new Errno(EINVAL);
    }
  }
  return new Ancillary(files, credentials);
}

function mayClaim(task: Task, { pid, uid, gid }: PeerCredentials): boolean {
  const c = task.credentials;
  return (pid === task.process.pid || c.has(CAP_SYS_ADMIN))
    && ([c.uid, c.euid, c.suid].includes(uid) || c.has(CAP_SETUID))
    && ([c.gid, c.egid, c.sgid].includes(gid) || c.has(CAP_SETGID));
}

/** Lays control messages out for recvmsg in at most `room` bytes; `flags` gets MSG_CTRUNC when they do not fit. */
export class ControlWriter {
  private readonly pieces: Uint8Array[] = [];
  private used = 0;
  flags = 0;
  constructor(private readonly room: number) {}

  put(level: number, type: number, data: Uint8Array): void {
    const left = this.room - this.used;
    if (left < HEADER + data.length) {
      this.flags |= MSG_CTRUNC;
      if (left < HEADER) return;
      data = data.subarray(0, left - HEADER);
    }
    const out = new Uint8Array(Math.min(align(HEADER + data.length), left)), view = new DataView(out.buffer);
    view.setBigUint64(0, BigInt(HEADER + data.length), true);
    view.setInt32(8, level, true);
    view.setInt32(12, type, true);
    out.set(data, HEADER);
    this.pieces.push(out);
    this.used += out.length;
  }

  /** Installs as many files as fit and have a free descriptor; the rest is dropped. */
  putFiles(task: Task, files: readonly File[], flags: number): void {
    if (files.length === 0) return;
    const fits = Math.max(0, Math.min(files.length, Math.floor((this.room - this.used - HEADER) / 4)));
    const fds: number[] = [];
    for (const file of files.slice(0, fits)) {
      try {
        fds.push(task.files.install(file.retain(), (flags & MSG_CMSG_CLOEXEC) !== 0));
      } catch (e) {
        if (!(e instanceof Errno)) throw e;
        break;
      }
    }
    if (fds.length > 0) this.put(SOL_SOCKET, SCM_RIGHTS, new Uint8Array(Int32Array.from(fds).buffer));
    if (fds.length < files.length) this.flags |= MSG_CTRUNC;
  }

  bytes(): Uint8Array {
    const out = new Uint8Array(this.used);
    let at = 0;
    for (const p of this.pieces) { out.set(p, at); at += p.length; }
    return out;
  }
}
