#include "io.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
static struct sockaddr_in in4(const char *ip, int port) { struct sockaddr_in a = { AF_INET, htons(port) }; inet_pton(AF_INET, ip, &a.sin_addr); return a; }
static struct sockaddr_in6 in6(const char *ip, int port) { struct sockaddr_in6 a = { AF_INET6, htons(port) }; inet_pton(AF_INET6, ip, &a.sin6_addr); return a; }
static int port_of(int s) { struct sockaddr_in6 a; socklen_t l = sizeof a; getsockname(s, (void *)&a, &l); return ntohs(a.sin6_port); }
static void name(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int fd) {
  struct sockaddr_in6 a; socklen_t l = sizeof a; char t[80] = "";
  if (get(fd, (void *)&a, &l) < 0) { printf("%s -%s\n", what, strerrorname_np(errno)); return; }
  if (a.sin6_family == AF_INET) inet_ntop(AF_INET, &((struct sockaddr_in *)&a)->sin_addr, t, 80); else inet_ntop(AF_INET6, &a.sin6_addr, t, 80);
  printf("%s %d %s %s len %u\n", what, a.sin6_family, t, a.sin6_port ? "port" : "no port", l); fflush(stdout);
}
static int opt(int s, int level, int o) { int v = -77; socklen_t l = 4; if (getsockopt(s, level, o, &v, &l) < 0) return -errno; return v; }
static int set(int s, int level, int o, int v) { return setsockopt(s, level, o, &v, 4); }
#define A(x) (void *)&(x), sizeof(x)
int main(void) {
  static char big[3000000]; char b[100]; int s, c, a; socklen_t l; signal(SIGPIPE, SIG_IGN); struct linger lg = { 1, 0 };
  T(s = socket(AF_INET, SOCK_STREAM, 0)); events("fresh", s); name("fresh", getsockname, s); name("fresh", getpeername, s); T(send(s, "x", 1, 0)); T(recv(s, b, 1, 0)); T(accept(s, 0, 0)); c = socket(AF_INET, SOCK_STREAM, 0); T(shutdown(c, 2)); close(c);
  struct sockaddr_in any = in4("127.0.0.1", 0), to, far = in4("203.0.113.7", 80); T(bind(s, A(any))); T(bind(s, A(any))); T(listen(s, 5)); int port = port_of(s); printf("ephemeral %d\n", port >= 32768 && port < 61000); events("listening", s); T(connect(s, A(any)));
  to = in4("127.0.0.1", port); T(c = socket(AF_INET, SOCK_STREAM, 0)); T(connect(c, A(to))); T(connect(c, A(to))); name("client", getsockname, c); name("client peer", getpeername, c); events("connected", c); events("pending", s); struct sockaddr_in from; l = sizeof from; T(a = accept4(s, (void *)&from, &l, SOCK_NONBLOCK)); printf("%u %d\n", l, ntohs(from.sin_port) == port_of(c)); name("accepted", getsockname, a);
  T(write(c, "hello", 5)); msleep(5); T(recv(a, b, 3, MSG_PEEK)); T(ioctl(a, FIONREAD, &l)); printf("%u\n", l); T(recv(a, b, 2, MSG_TRUNC)); T(recv(a, b, 10, 0)); T(recv(a, b, 10, 0)); T(send(a, "pong", 4, MSG_MORE)); T(send(a, "!", 1, 0)); T(recv(c, b, 5, MSG_WAITALL)); printf("%.5s\n", b);
  if (fork() == 0) { for (int i = 0; i < 4; i++) { msleep(15); write(a, "ab", 2); } _exit(0); } T(recv(c, b, 8, MSG_WAITALL)); wait(0);
  T(shutdown(c, SHUT_WR)); msleep(5); events("shut", c); events("peer shut", a); T(read(a, b, 1)); T(write(c, "x", 1)); T(write(a, "still", 5)); T(read(c, b, 10)); T(shutdown(a, SHUT_WR)); msleep(5); events("both", c); T(read(c, b, 1)); close(a); close(c);
  /* the peer closes */
  c = socket(AF_INET, SOCK_STREAM, 0); connect(c, A(to)); a = accept(s, 0, 0); close(a); msleep(5); events("peer closed", c); T(read(c, b, 1)); T(write(c, "x", 1)); msleep(5); events("after reset", c); T(write(c, "x", 1)); T(read(c, b, 1)); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); connect(c, A(to)); a = accept(s, 0, 0); write(c, "unread", 6); msleep(5); close(a); msleep(5); events("reset", c); printf("SO_ERROR %d\n", opt(c, SOL_SOCKET, SO_ERROR)); T(read(c, b, 1)); close(c);
  c = socket(AF_INET, SOCK_STREAM, 0); connect(c, A(to)); a = accept(s, 0, 0); setsockopt(a, SOL_SOCKET, SO_LINGER, &lg, sizeof lg); close(a); msleep(5); T(read(c, b, 1)); T(read(c, b, 1)); close(c);
  /* big transfer */
  c = socket(AF_INET, SOCK_STREAM, 0); connect(c, A(to)); a = accept(s, 0, 0);
  if (fork() == 0) { long n, sum = 0; close(c); while ((n = read(a, big, 100000)) > 0) sum += n; printf("child %ld\n", sum); fflush(stdout); _exit(0); } close(a); T(write(c, big, sizeof big)); close(c); wait(0);
  /* nonblocking connect, refusal */
  c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); T(connect(c, A(to))); msleep(5); events("through", c); printf("SO_ERROR %d\n", opt(c, SOL_SOCKET, SO_ERROR)); T(connect(c, A(to))); T(connect(c, A(to))); T(read(c, b, 1)); close(c); a = accept(s, 0, 0); close(a);
  struct sockaddr_in none = in4("127.0.0.1", 1); c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, A(none))); T(connect(c, A(none))); close(c);
  c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); T(connect(c, A(none))); msleep(5); events("refused", c); printf("SO_ERROR %d %d\n", opt(c, SOL_SOCKET, SO_ERROR), opt(c, SOL_SOCKET, SO_ERROR)); close(c);
  /* binding */
  c = socket(AF_INET, SOCK_STREAM, 0); T(bind(c, A(to))); T(set(c, SOL_SOCKET, SO_REUSEADDR, 1)); T(bind(c, A(to))); T(bind(c, A(far))); struct sockaddr_in lo2 = in4("127.0.0.2", port); T(bind(c, A(lo2))); T(listen(c, 1)); close(c);
  int r1 = socket(AF_INET, SOCK_STREAM, 0), r2 = socket(AF_INET, SOCK_STREAM, 0); set(r1, SOL_SOCKET, SO_REUSEPORT, 1); set(r2, SOL_SOCKET, SO_REUSEPORT, 1); T(bind(r1, A(any))); struct sockaddr_in same = in4("127.0.0.1", port_of(r1)); T(bind(r2, A(same))); T(listen(r1, 1)); T(listen(r2, 1)); close(r1); close(r2);
  close(s); c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, A(to))); close(c);
  /* options */
  c = socket(AF_INET, SOCK_STREAM, 0); printf("%d %d %d %d %d %d\n", opt(c, SOL_SOCKET, SO_TYPE), opt(c, SOL_SOCKET, SO_DOMAIN), opt(c, SOL_SOCKET, SO_PROTOCOL), opt(c, SOL_SOCKET, SO_REUSEADDR), opt(c, SOL_SOCKET, SO_KEEPALIVE), opt(c, SOL_SOCKET, SO_SNDBUF));
  T(set(c, IPPROTO_TCP, TCP_NODELAY, 5)); printf("%d %d %d\n", opt(c, IPPROTO_TCP, TCP_NODELAY), opt(c, IPPROTO_TCP, TCP_KEEPIDLE), opt(c, IPPROTO_IP, IP_TTL)); T(set(c, SOL_SOCKET, SO_RCVBUF, 10000)); printf("%d\n", opt(c, SOL_SOCKET, SO_RCVBUF)); T(set(c, SOL_SOCKET, 4242, 1)); T(set(c, IPPROTO_TCP, 4242, 1)); T(setsockopt(c, SOL_SOCKET, SO_REUSEADDR, b, 1)); T(setsockopt(c, IPPROTO_TCP, TCP_CONGESTION, "nosuch", 6)); struct timeval tv = { 0, 30000 }; T(setsockopt(c, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); close(c);
  /* IPv6 */
  T(s = socket(AF_INET6, SOCK_STREAM, 0)); struct sockaddr_in6 any6 = in6("::", 0); T(bind(s, A(any6))); listen(s, 5); to = in4("127.0.0.1", port_of(s)); c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, A(to))); a = accept(s, 0, 0); name("mapped peer", getpeername, a); name("mapped", getsockname, a); close(a); close(c);
  struct sockaddr_in6 lo6 = in6("::1", port_of(s)); c = socket(AF_INET6, SOCK_STREAM, 0); T(connect(c, A(lo6))); name("v6", getpeername, c); a = accept(s, 0, 0); name("v6 accepted", getpeername, a); close(a); close(c); struct sockaddr_in6 m6 = in6("::ffff:127.0.0.1", port_of(s)); c = socket(AF_INET6, SOCK_STREAM, 0); T(connect(c, A(m6))); name("via mapped", getsockname, c); close(c); close(s);
  s = socket(AF_INET6, SOCK_STREAM, 0); T(set(s, IPPROTO_IPV6, IPV6_V6ONLY, 1)); any6 = in6("::", 0); bind(s, A(any6)); listen(s, 5); T(set(s, IPPROTO_IPV6, IPV6_V6ONLY, 0)); to = in4("127.0.0.1", port_of(s)); c = socket(AF_INET, SOCK_STREAM, 0); T(connect(c, A(to))); int t = socket(AF_INET, SOCK_STREAM, 0); T(bind(t, A(to))); close(s); close(t); close(c);
  /* timeouts */
  T(s = socket(AF_INET, SOCK_DGRAM, 0)); T(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv)); elapsed(); T(recv(s, b, 1, 0)); printf("%d\n", elapsed() >= 29);
  /* UDP */
  any = in4("127.0.0.1", 0); T(bind(s, A(any))); to = in4("127.0.0.1", port_of(s)); c = socket(AF_INET, SOCK_DGRAM, 0); events("udp", c); T(send(c, "x", 1, 0)); T(sendto(c, "datagram", 8, 0, A(to))); T(sendto(c, "", 0, 0, A(to))); l = sizeof from; T(recvfrom(s, b, 4, 0, (void *)&from, &l)); printf("%d %.4s\n", ntohs(from.sin_port) == port_of(c), b); T(recv(s, b, 100, 0)); T(sendto(c, big, 65508, 0, A(to))); T(connect(c, A(to))); name("udp", getsockname, c); T(send(c, "abcdef", 6, 0)); T(recv(s, b, 3, MSG_TRUNC | MSG_PEEK)); T(recv(s, b, 10, MSG_DONTWAIT)); T(recv(s, b, 10, MSG_DONTWAIT));
  close(s); T(send(c, "x", 1, 0)); msleep(5); events("udp refused", c); T(send(c, "x", 1, 0)); T(send(c, "x", 1, 0)); msleep(2); T(recv(c, b, 1, 0)); struct sockaddr un = { AF_UNSPEC }; T(connect(c, &un, sizeof un)); name("dissolved", getpeername, c); struct sockaddr_in bc = in4("255.255.255.255", 9); T(sendto(c, "x", 1, 0, A(bc)));
  T(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)); T(socket(AF_INET, SOCK_SEQPACKET, 0)); T(socket(AF_INET, 77, 0)); T(accept4(c, 0, 0, 0)); T(listen(c, 1));
  return 0;
}
