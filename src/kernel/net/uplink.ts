/** The way out of a network namespace: other containers of a network, the host, the Internet. The engine's switch or a relay implements it; without one there is only loopback. */
import type { Duplex } from '../../host/ports.ts';
import type { Ip } from './ip.ts';

export interface Endpoint { ip: Ip; port: number }

/** Thrown (as rejection) by an uplink; `errno` is what connect(2) reports: ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT … */
export class UplinkError extends Error {
  override name = 'UplinkError';
  constructor(readonly errno: number, message: string) { super(message); }
}

export interface Uplink {
  /** Opens a TCP connection. */
  connect(to: Endpoint, from: Endpoint): Promise<Duplex>;
  /** Sends a UDP datagram; answers come through NetNamespace.deliverDatagram. Undeliverable ones are dropped. */
  sendDatagram?(to: Endpoint, from: Endpoint, bytes: Uint8Array): void;
  /** Whether the address answers an ICMP echo. */
  ping?(ip: Ip): Promise<boolean>;
}
