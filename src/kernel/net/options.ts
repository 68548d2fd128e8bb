/** Options of every socket (socket(7)), and integer options of protocols that are stored and read back. */
import { EDOM, EINVAL, ENODEV, ENOPROTOOPT, EPERM } from '../../abi/errno.ts';
import { CAP_NET_ADMIN } from '../../abi/capability.ts';
import {
  SO_ACCEPTCONN, SO_BINDTODEVICE, SO_BROADCAST, SO_COOKIE, SO_DEBUG, SO_DOMAIN, SO_DONTROUTE, SO_ERROR, SO_KEEPALIVE, SO_LINGER, SO_MARK, SO_NO_CHECK,
  SO_OOBINLINE, SO_PASSCRED, SO_PRIORITY, SO_PROTOCOL, SO_RCVBUF, SO_RCVBUFFORCE, SO_RCVLOWAT, SO_RCVTIMEO, SO_REUSEADDR, SO_REUSEPORT, SO_SNDBUF,
  SO_SNDBUFFORCE, SO_SNDLOWAT, SO_SNDTIMEO, SO_TIMESTAMP, SO_TYPE,
} from '../../abi/socket.ts';
import type { Task } from '../task/task.ts';
import type { Socket } from './socket.ts';

/** /proc/sys/net/core/{r,w}mem_max and the least that SO_RCVBUF and SO_SNDBUF give. */
const BUFFER_MAX = 212992, RECEIVE_MIN = 2304, SEND_MIN = 4608;

/** Options that are one int, kept and given back; 1 for those that are true or false. */
const FLAGS = new Set([SO_DEBUG, SO_REUSEADDR, SO_REUSEPORT, SO_DONTROUTE, SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK, SO_PASSCRED, SO_TIMESTAMP]);
const INTEGERS = new Set([SO_PRIORITY, SO_RCVLOWAT, SO_MARK]);

export function intBytes(value: number): Uint8Array { return new Uint8Array(Int32Array.of(value).buffer); }
/** An int option; some calls pass a single byte. undefined when it is too short. */
export function intValue(value: Uint8Array): number | undefined {
  if (value.length >= 4) return new DataView(value.buffer, value.byteOffset).getInt32(0, true);
  return undefined;
}

export class SocketOptions {
  private readonly values = new Map<number, number>([[SO_RCVLOWAT, 1]]);
  sendBuffer: number;
  receiveBuffer: number;
  /** Milliseconds; 0 waits for ever. */
  sendTimeout = 0;
  receiveTimeout = 0;
  /** Seconds of SO_LINGER; undefined when off. */
  linger: number | undefined;
  device = '';

  constructor(sendBuffer: number, receiveBuffer: number) {
    this.sendBuffer = sendBuffer;
    this.receiveBuffer = receiveBuffer;
  }

  has(name: number): boolean { return (this.values.get(name) ?? 0) !== 0; }
  copyTo(other: SocketOptions): void {
    for (const [name, value] of this.values) other.values.set(name, value);
    Object.assign(other, { sendBuffer: this.sendBuffer, receiveBuffer: this.receiveBuffer, sendTimeout: this.sendTimeout, receiveTimeout: this.receiveTimeout, linger: this.linger, device: this.device });
  }

  set(task: Task, socket: Socket, name: number, value: Uint8Array): number {
    if (name === SO_BINDTODEVICE) return this.bindToDevice(socket, value);
    if (name === SO_RCVTIMEO || name === SO_SNDTIMEO) return this.setTimeout(name, value);
    const n = intValue(value);
    if (n === undefined) return -EINVAL;
    if (FLAGS.has(name)) { this.values.set(name, n ? 1 : 0); return 0; }
    if (name === SO_MARK && !task.credentials.has(CAP_NET_ADMIN)) return -EPERM;
    if (INTEGERS.has(name)) { this.values.set(name, n); return 0; }
    switch (name) {
      case SO_SNDBUF: this.sendBuffer = Math.max(SEND_MIN, 2 * Math.min(n >>> 0, BUFFER_MAX)); return 0;
      case SO_RCVBUF: this.receiveBuffer = Math.max(RECEIVE_MIN, 2 * Math.min(n >>> 0, BUFFER_MAX)); return 0;
      case SO_SNDBUFFORCE: case SO_RCVBUFFORCE:
        if (!task.credentials.has(CAP_NET_ADMIN)) return -EPERM;
        if (name === SO_SNDBUFFORCE) this.sendBuffer = Math.max(SEND_MIN, 2 * n); else this.receiveBuffer = Math.max(RECEIVE_MIN, 2 * n);
        return 0;
      case SO_LINGER:
        if (value.length < 8) return -EINVAL;
        this.linger = n === 0 ? undefined : intValue(value.subarray(4))!;
        return 0;
      default: return -ENOPROTOOPT;
    }
  }

  get(socket: Socket, name: number): Uint8Array | number {
    if (FLAGS.has(name) || INTEGERS.has(name)) return intBytes(this.values.get(name) ?? 0);
    switch (name) {
      case SO_TYPE: return intBytes(socket.type);
      case SO_DOMAIN: return intBytes(socket.family);
      case SO_PROTOCOL: return intBytes(socket.protocol);
      case SO_ERROR: return intBytes(socket.takeError());
      case SO_ACCEPTCONN: return intBytes(socket.listening ? 1 : 0);
      case SO_SNDBUF: return intBytes(this.sendBuffer);
      case SO_RCVBUF: return intBytes(this.receiveBuffer);
      case SO_SNDLOWAT: return intBytes(1);
      case SO_LINGER: return new Uint8Array(Int32Array.of(this.linger === undefined ? 0 : 1, this.linger ?? 0).buffer);
      case SO_RCVTIMEO: return timeval(this.receiveTimeout);
      case SO_SNDTIMEO: return timeval(this.sendTimeout);
      case SO_BINDTODEVICE: return new TextEncoder().encode(this.device === '' ? '' : `${this.device}\0`);
      case SO_COOKIE: return new Uint8Array(BigUint64Array.of(BigInt(socket.inode.ino)).buffer);
      default: return -ENOPROTOOPT;
    }
  }

  private setTimeout(name: number, value: Uint8Array): number {
    if (value.length < 16) return -EINVAL;
    const v = new DataView(value.buffer, value.byteOffset);
    const sec = Number(v.getBigInt64(0, true)), usec = Number(v.getBigInt64(8, true));
    if (usec < 0 || usec >= 1e6) return -EDOM;
    const ms = sec < 0 ? 1 : sec * 1000 + usec / 1000;
    if (name === SO_RCVTIMEO) this.receiveTimeout = ms; else this.sendTimeout = ms;
    return 0;
  }

  private bindToDevice(socket: Socket, value: Uint8Array): number {
    const end = value.indexOf(0);
    const name = new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
    if (name !== '' && !socket.netns.interfaces.some((i) => i.name === name)) return -ENODEV;
    this.device = name;
    return 0;
  }
}

function timeval(ms: number): Uint8Array {
  const sec = Math.floor(ms / 1000);
  return new Uint8Array(BigInt64Array.of(BigInt(sec), BigInt(Math.round((ms - sec * 1000) * 1000))).buffer);
}
