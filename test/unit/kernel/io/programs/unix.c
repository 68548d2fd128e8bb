#include "io.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
static struct sockaddr_un addr(const char *path, socklen_t *len) {
  struct sockaddr_un a = { AF_UNIX }; size_t n = path[0] ? strlen(path) + 1 : 1 + strlen(path + 1);
  memcpy(a.sun_path, path, n); *len = offsetof(struct sockaddr_un, sun_path) + n; return a;
}
static void name(const char *what, int (*get)(int, struct sockaddr *, socklen_t *), int fd) {
  struct sockaddr_un a; memset(&a, 0, sizeof a); socklen_t l = sizeof a;
  if (get(fd, (void *)&a, &l) < 0) { printf("%s -%s\n", what, strerrorname_np(errno)); return; }
  printf("%s len %u %s%s\n", what, l, l > 2 && !a.sun_path[0] ? "@" : "", l > 2 ? a.sun_path + !a.sun_path[0] : ""); fflush(stdout);
}
static long send_fd(int s, int fd, const char *text) {
  char c[CMSG_SPACE(sizeof(int) * 2)]; memset(c, 0, sizeof c); struct iovec v = { (void *)text, strlen(text) };
  struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = CMSG_SPACE(sizeof(int)) };
  struct cmsghdr *h = CMSG_FIRSTHDR(&m); h->cmsg_level = SOL_SOCKET; h->cmsg_type = SCM_RIGHTS; h->cmsg_len = CMSG_LEN(sizeof(int)); memcpy(CMSG_DATA(h), &fd, 4);
  return sendmsg(s, &m, 0);
}
static int last_fd;
static void receive(const char *what, int s, size_t room, size_t control, int flags) {
  char b[300] = { 0 }, c[256]; struct sockaddr_un a; memset(&a, 0, sizeof a); struct iovec v = { b, room };
  struct msghdr m = { .msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = control };
  long n = recvmsg(s, &m, flags);
  if (n < 0) { printf("%s -%s\n", what, strerrorname_np(errno)); return; }
  printf("%s %ld '%.*s' flags %x name %u%s", what, n, (int)(n > (long)room ? room : n), b, m.msg_flags, m.msg_namelen, m.msg_namelen > 2 ? a.sun_path : "");
  for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
    printf(" cmsg %d/%d len %zu", h->cmsg_level, h->cmsg_type, (size_t)h->cmsg_len);
    if (h->cmsg_type == SCM_RIGHTS) { memcpy(&last_fd, CMSG_DATA(h), 4); printf(" fd %d", last_fd); }
    if (h->cmsg_type == SCM_CREDENTIALS) { struct ucred u; memcpy(&u, CMSG_DATA(h), sizeof u); printf(" self %d uid %d", u.pid == getpid(), u.uid); }
  }
  puts(""); fflush(stdout);
}
int main(void) {
  static char big[400000]; char b[100]; int p[2], s, c, a, one = 1; socklen_t l; struct sockaddr_un u; signal(SIGPIPE, SIG_IGN);
  T(socketpair(AF_UNIX, SOCK_STREAM, 0, p)); events("pair", p[0]); name("sock", getsockname, p[0]); name("peer", getpeername, p[0]);
  T(write(p[0], "hello", 5)); T(recv(p[1], b, 2, MSG_PEEK)); T(recv(p[1], b, 10, 0)); T(recv(p[1], b, 10, MSG_DONTWAIT));
  T(send(p[0], big, sizeof big, MSG_DONTWAIT) > 100000); events("full", p[0]); T(shutdown(p[0], SHUT_WR)); events("shut wr", p[0]); events("peer of shut", p[1]); T(write(p[0], "x", 1));
  while (read(p[1], big, sizeof big) > 0); T(read(p[1], b, 1)); T(write(p[1], "back", 4)); T(read(p[0], b, 10)); close(p[0]); events("closed peer", p[1]); T(write(p[1], "x", 1)); T(send(p[1], "x", 1, MSG_NOSIGNAL)); T(read(p[1], b, 1)); close(p[1]);
  socketpair(AF_UNIX, SOCK_STREAM, 0, p); write(p[0], "unread", 6); close(p[1]); events("reset", p[0]); T(read(p[0], b, 1)); T(read(p[0], b, 1)); close(p[0]);
  /* descriptors and credentials */
  socketpair(AF_UNIX, SOCK_STREAM, 0, p); int f = open("/tmp", O_RDONLY); T(send_fd(p[0], f, "fd")); T(send_fd(p[0], f, "two")); write(p[0], "plain", 5);
  receive("peek", p[1], 10, 200, MSG_PEEK); close(last_fd); receive("rights", p[1], 1, 200, 0); struct stat x, y; fstat(f, &x); fstat(last_fd, &y); printf("same file %d cloexec %d\n", x.st_ino == y.st_ino, fcntl(last_fd, F_GETFD)); receive("rest", p[1], 200, 200, MSG_CMSG_CLOEXEC); receive("second", p[1], 200, 200, MSG_CMSG_CLOEXEC); printf("cloexec %d\n", fcntl(last_fd, F_GETFD));
  send_fd(p[0], f, "x"); receive("no room", p[1], 10, 0, 0); T(send_fd(p[0], 99, "bad"));
  T(setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &one, 4)); write(p[0], "c", 1); receive("creds", p[1], 10, 200, 0); struct ucred cr; l = sizeof cr; T(getsockopt(p[0], SOL_SOCKET, SO_PEERCRED, &cr, &l)); printf("%d %u\n", cr.pid == getpid(), cr.uid);
  /* named */
  unlink("/tmp/h6sock"); T(s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); events("fresh", s); T(listen(s, 1)); u = addr("/tmp/h6sock", &l); T(bind(s, (void *)&u, l)); T(bind(s, (void *)&u, l)); name("bound", getsockname, s); T(accept(s, 0, 0));
  T(c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)); T(connect(c, (void *)&u, l)); T(listen(s, 1)); events("listening", s); T(connect(c, (void *)&u, l)); T(connect(c, (void *)&u, l)); events("connected", c); events("pending", s); T(write(c, "early", 5));
  int d = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), e = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0); T(connect(d, (void *)&u, l)); T(connect(e, (void *)&u, l)); 
  T(a = accept4(s, 0, 0, SOCK_NONBLOCK)); name("accepted", getsockname, a); name("its peer", getpeername, a); name("client's peer", getpeername, c); T(read(a, b, 10)); T(read(a, b, 10)); l = sizeof cr; T(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cr, &l)); printf("%d\n", cr.pid == getpid());
  int v; l = 4; T(getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &v, &l)); printf("%d\n", v); l = 4; getsockopt(a, SOL_SOCKET, SO_TYPE, &v, &l); printf("%d\n", v); l = 4; getsockopt(a, SOL_SOCKET, SO_SNDBUF, &v, &l); printf("%d\n", v); T(setsockopt(a, SOL_SOCKET, 9999, &one, 4)); T(getsockopt(a, 6, 1, &v, &l));
  close(s); events("listener gone", d); T(read(d, b, 1)); u = addr("/tmp/h6sock", &l); T(connect(e, (void *)&u, l)); unlink("/tmp/h6sock"); T(connect(e, (void *)&u, l)); s = socket(AF_UNIX, SOCK_STREAM, 0); T(bind(s, (void *)&u, l)); T(bind(e, (void *)&u, l)); struct stat st; stat("/tmp/h6sock", &st); printf("%o\n", st.st_mode & S_IFMT); T(open("/tmp/h6sock", O_RDWR)); unlink("/tmp/h6sock");
  /* abstract, autobind */
  s = socket(AF_UNIX, SOCK_DGRAM, 0); u = addr("\0h6-abstract", &l); T(bind(s, (void *)&u, l)); name("abstract", getsockname, s); c = socket(AF_UNIX, SOCK_DGRAM, 0); T(bind(c, (void *)&u, l)); struct sockaddr_un n = { AF_UNIX }; T(bind(c, (void *)&n, 2)); struct sockaddr_un got; socklen_t gl = sizeof got; getsockname(c, (void *)&got, &gl); printf("autobind %u\n", gl);
  T(sendto(c, "dgram", 5, 0, (void *)&u, l)); T(sendto(c, "", 0, 0, (void *)&u, l)); receive("truncated", s, 3, 0, 0); receive("empty", s, 30, 0, 0); T(sendto(c, "dgram", 5, 0, (void *)&u, l)); receive("MSG_TRUNC", s, 3, 0, MSG_TRUNC); T(send(c, "x", 1, 0)); T(connect(c, (void *)&u, l)); T(send(c, "conn", 4, 0)); receive("connected", s, 30, 0, 0);
  fcntl(c, F_SETFL, O_NONBLOCK); int k = 0; while (send(c, "q", 1, 0) == 1) k++; printf("queue %d\n", k); events("sender", c); T(send(c, "x", 1, 0)); close(s); T(send(c, "x", 1, 0)); T(send(c, "x", 1, 0)); events("dgram peer gone", c);
  c = socket(AF_UNIX, SOCK_STREAM, 0); u = addr("\0h6-none", &l); T(connect(c, (void *)&u, l)); u = addr("/dev/null", &l); T(connect(c, (void *)&u, l)); u = addr("/nonexistent/x", &l); T(bind(c, (void *)&u, l)); T(send(c, "x", 1, 0)); T(recv(c, b, 1, 0)); T(shutdown(c, 0)); name("unconnected", getpeername, c);
  /* seqpacket */
  T(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p)); T(send(p[0], "one", 3, 0)); T(send(p[0], "second", 6, 0)); receive("seq", p[1], 30, 0, 0); receive("seq", p[1], 3, 0, 0); T(recv(p[1], b, 3, MSG_DONTWAIT)); T(close(p[0])); events("seq closed", p[1]); T(recv(p[1], b, 3, 0)); T(send(p[1], "x", 1, 0));
  T(socket(AF_UNIX, 9, 0)); T(socket(AF_UNIX, SOCK_STREAM, 5)); T(socket(99, SOCK_STREAM, 0)); T(socketpair(AF_INET, SOCK_STREAM, 0, p)); T(listen(f, 1)); T(getsockname(99, 0, 0));
  return 0;
}
