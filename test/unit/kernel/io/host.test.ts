/** What the runtime does from outside: terminals and pipes with back pressure, published ports, uplinks, services, interfaces. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ECONNREFUSED } from '../../../../src/abi/errno.ts';
import type { Duplex } from '../../../../src/host/ports.ts';
import { readableFrom, writableTo } from '../../../../src/kernel/fs/host-stream.ts';
import { formatIp, parseIp } from '../../../../src/kernel/net/ip.ts';
import { UplinkError, type Endpoint } from '../../../../src/kernel/net/uplink.ts';
import { Credentials } from '../../../../src/kernel/task/credentials.ts';
import { compile, Guest } from '../../../support/run-guest.ts';
import { mountDevpts, openSlave } from './rig.ts';

const HEADER = `#include <arpa/inet.h>\n#include <errno.h>\n#include <fcntl.h>\n#include <ifaddrs.h>\n#include <net/if.h>\n#include <netinet/in.h>\n#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>
#include <sys/ioctl.h>\n#include <sys/socket.h>\n#include <unistd.h>\nstatic struct sockaddr_in at(const char *ip, int port) { struct sockaddr_in a = { AF_INET, htons(port) }; inet_pton(AF_INET, ip, &a.sin_addr); return a; }\n`;

function guestWith(source: string): Guest {
  const guest = new Guest({ files: { '/prog': readFileSync(compile(HEADER + source)) } });
  guest.kernel.io.net.addInterface('eth0', Uint8Array.of(2, 66, 172, 17, 0, 2), [{ ip: parseIp('172.17.0.2')!, prefix: 16, broadcast: parseIp('172.17.255.255')! }], parseIp('172.17.0.1'));
  return guest;
}

async function text(stream: ReadableStream<Uint8Array>): Promise<string> {
  let out = '';
  for await (const piece of stream) out += new TextDecoder().decode(piece);
  return out;
}

async function say(stream: WritableStream<Uint8Array>, words: string): Promise<void> {
  const writer = stream.getWriter();
  await writer.write(new TextEncoder().encode(words));
  await writer.close();
}

const until = async (f: () => boolean): Promise<void> => { while (!f()) await new Promise((r) => setTimeout(r, 5)); };

describe('network from outside', () => {
  it('connects the host to a listening guest', async () => {
    const guest = guestWith(`int main() { int s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = at("0.0.0.0", 8080), p; bind(s, (void *)&a, sizeof a); listen(s, 5); socklen_t l = sizeof p;
      int c = accept(s, (void *)&p, &l); char b[1000], t[50]; int n, sum = 0; while ((n = read(c, b, 1000)) > 0) sum += n; inet_ntop(AF_INET, &p.sin_addr, t, 50); dprintf(c, "got %d from %s", sum, t); return 0; }`);
    const { net } = guest.kernel.io;
    await expect(net.connectFromHost(8080)).rejects.toMatchObject({ code: ECONNREFUSED });
    const run = guest.run(['/prog']);
    await until(() => net.listeningPorts().includes(8080));
    const connection = await net.connectFromHost(8080);
    await say(connection.writable, 'x'.repeat(500_000));
    expect(await text(connection.readable)).toBe('got 500000 from 172.17.0.1');
    expect((await run).exitCode).toBe(0);
  });

  it('goes out through the uplink, and says why it cannot', async () => {
    const guest = guestWith(`int main() { char b[100]; struct sockaddr_in a = at("10.1.2.3", 80); for (int i = 0; i < 2; i++) { int s = socket(AF_INET, SOCK_STREAM, 0); if (connect(s, (void *)&a, sizeof a) < 0) printf("%s\\n", strerror(errno));
      else { write(s, "hello", 5); shutdown(s, SHUT_WR); int n = read(s, b, 100); printf("%.*s\\n", n, b); } close(s); a.sin_port = htons(81); } }`);
    const { net } = guest.kernel.io;
    const tried: string[] = [];
    const uplink = {
      async connect(to: Endpoint, from: Endpoint): Promise<Duplex> {
        tried.push(`${formatIp(from.ip)} -> ${formatIp(to.ip)}:${to.port}`);
        if (to.port === 81) throw new UplinkError(ECONNREFUSED, 'refused');
        return new TransformStream<Uint8Array, Uint8Array>({ transform: (piece, out) => { out.enqueue(new TextEncoder().encode(new TextDecoder().decode(piece).toUpperCase())); } });
      },
    };
    const none = await guest.run(['/prog']);
    net.uplink = uplink;
    const some = await guest.run(['/prog']);
    expect(none.stdout).toBe('Network is unreachable\nNetwork is unreachable\n');
    expect({ out: some.stdout, tried }).toEqual({ out: 'HELLO\nConnection refused\n', tried: ['172.17.0.2 -> 10.1.2.3:80', '172.17.0.2 -> 10.1.2.3:81'] });
  });

  it('answers datagrams by a service, and lists its interfaces', async () => {
    const guest = guestWith(`int main() { char b[100]; int s = socket(AF_INET, SOCK_DGRAM, 0); struct sockaddr_in a = at("127.0.0.11", 53); connect(s, (void *)&a, sizeof a); send(s, "query", 5, 0); int n = recv(s, b, 100, 0); printf("%.*s\\n", n, b);
      struct ifaddrs *l; getifaddrs(&l); for (; l; l = l->ifa_next) { if (!l->ifa_addr || l->ifa_addr->sa_family == 17) { printf("%s %x\\n", l->ifa_name, l->ifa_flags); continue; } char t[80], m[80]; int six = l->ifa_addr->sa_family == AF_INET6;
        inet_ntop(l->ifa_addr->sa_family, six ? (void *)&((struct sockaddr_in6 *)l->ifa_addr)->sin6_addr : &((struct sockaddr_in *)l->ifa_addr)->sin_addr, t, 80); inet_ntop(l->ifa_addr->sa_family, six ? (void *)&((struct sockaddr_in6 *)l->ifa_netmask)->sin6_addr : &((struct sockaddr_in *)l->ifa_netmask)->sin_addr, m, 80); printf("%s %s/%s\\n", l->ifa_name, t, m); }
      struct ifreq r = { "eth0" }; ioctl(s, SIOCGIFADDR, &r); printf("%s ", inet_ntoa(((struct sockaddr_in *)&r.ifr_addr)->sin_addr)); ioctl(s, SIOCGIFHWADDR, &r); printf("%02x:%02x %d\\n", r.ifr_hwaddr.sa_data[0], r.ifr_hwaddr.sa_data[1], if_nametoindex("eth0"));
      struct ifconf c = { sizeof b, b }; int n2 = ioctl(s, SIOCGIFCONF, &c); printf("%d %d\\n", n2, c.ifc_len); }`);
    guest.kernel.io.net.serveDatagrams({ ip: parseIp('127.0.0.11')!, port: 53 }, async (query) => new TextEncoder().encode(`answer to ${new TextDecoder().decode(query)}`));
    expect((await guest.run(['/prog'])).stdout.split('\n')).toEqual([
      'answer to query', 'lo 10049', 'eth0 11043', 'lo 127.0.0.1/255.0.0.0', 'eth0 172.17.0.2/255.255.0.0', 'lo ::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '172.17.0.2 02:42 2', '0 80', '',
    ]);
  });
});

describe('terminals and pipes from outside', () => {
  it('runs a program on a terminal that the host holds', async () => {
    const guest = guestWith(`static void on(int s) { struct winsize w; ioctl(0, TIOCGWINSZ, &w); printf("%d x %d\\n", w.ws_row, w.ws_col); } int main() { char b[100]; struct sigaction a = { .sa_handler = on, .sa_flags = SA_RESTART }; sigaction(SIGWINCH, &a, 0); setvbuf(stdout, 0, _IONBF, 0);
      printf("%s %d %d> ", ttyname(0), tcgetpgrp(0) == getpgrp(), open("/dev/tty", 2) > 0); while (fgets(b, 100, stdin)) printf("got %s> ", b); printf("bye"); for (int i = 0; i < 30000; i++) printf("%d\\n", i); return 7; }`);
    mountDevpts(guest);
    const { kernel } = guest, master = kernel.io.terminals.openHost();
    const slave = openSlave(guest, master);
    let status = -1, output = '';
    master.onReadable = () => { output += new TextDecoder().decode(master.read()); };
    const done = new Promise<void>((resolve) => {
      void kernel.spawn({ argv: ['/prog'], env: [], cwd: '/', files: [slave, slave.retain(), slave.retain()], terminal: master.terminal, credentials: Credentials.user(0, 0), onExit: (s) => { status = s; resolve(); } });
    });
    await until(() => output.endsWith('> '));
    expect(output).toBe('/dev/pts/0 1 1> ');
    master.write(new TextEncoder().encode('hi\n'));
    await until(() => output.endsWith('hi\r\n> '));
    master.resize(30, 90);
    await until(() => output.endsWith('30 x 90\r\n'));
    master.onReadable = undefined;
    master.write(Uint8Array.of(4));
    await new Promise((r) => setTimeout(r, 300));
    expect(status).toBe(-1);
    const rest = text(readableFrom(master));
    await done;
    master.close();
    const all = await rest;
    expect({ status, end: all.slice(-14), length: all.length }).toEqual({ status: 7 << 8, end: '29998\r\n29999\r\n', length: 3 + [...Array(30000).keys()].reduce((n, i) => n + String(i).length + 2, 0) });
  });

  it('ends, breaks and holds back pipes', async () => {
    const guest = guestWith('int main() { char b[70000]; int n, sum = 0; while ((n = read(0, b, sizeof b)) > 0) { sum += n; write(1, b, n); } fprintf(stderr, "%d", sum); return 0; }');
    const { io } = guest.kernel, stdin = io.hostWriter(), stdout = io.hostReader(), stderr = io.hostReader();
    const files = [stdin.openReader(), stdout.openWriter(), stderr.openWriter()];
    const out = text(readableFrom(stdout)), err = text(readableFrom(stderr));
    await guest.kernel.spawn({ argv: ['/prog'], env: [], cwd: '/', files, credentials: Credentials.user(0, 0) });
    await say(writableTo(stdin), 'abc'.repeat(200_000));
    expect([(await out).length, await err]).toEqual([600_000, '600000']);
  });
});
