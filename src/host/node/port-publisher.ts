/** Published ports on the machine's own network. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { PortPublisher } from '../ports.ts';
import { duplex } from './raw-connection.ts';

export const nodePortPublisher: PortPublisher = {
  async publish(hostIp, hostPort, onConnection) {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // What it means for the streams comes with 'close'.
      socket.on('error', () => undefined);
      onConnection(duplex(socket, new Uint8Array(0), false));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: hostIp, port: hostPort, exclusive: true }, () => { server.off('error', reject); resolve(); });
    });
    return {
      port: (server.address() as AddressInfo).port,
      close() {
        server.close();
        for (const socket of sockets) socket.destroySoon();
        return Promise.resolve();
      },
    };
  },
};
