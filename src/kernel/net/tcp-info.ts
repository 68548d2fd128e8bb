/** getsockopt(TCP_INFO): struct tcp_info with the fields that have a meaning here; there are no packets to count. */
import { IPPROTO_TCP, TCP_INFO } from '../../abi/socket.ts';
import type { TcpSocket } from './tcp.ts';

const SIZE = 232;

export function tcpInfo(socket: TcpSocket, level: number, name: number): Uint8Array | undefined {
  if (level !== IPPROTO_TCP || name !== TCP_INFO) return undefined;
  const out = new Uint8Array(SIZE), v = new DataView(out.buffer);
  v.setUint8(0, socket.state);
  v.setUint32(8, 200000, true); // rto
  v.setUint32(16, 65483, true); // snd_mss
  v.setUint32(20, 65483, true); // rcv_mss
  v.setUint32(24, socket.end?.unsent ? 1 : 0, true); // unacked
  v.setUint32(60, 65535, true); // pmtu
  v.setUint32(68, 50, true); // rtt
  v.setUint32(72, 25, true); // rttvar
  v.setUint32(80, 10, true); // snd_cwnd
  return out;
}
