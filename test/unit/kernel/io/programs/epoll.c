#include "io.h"
#include <sys/epoll.h>
static int ep;
static void show(const char *what, int ms) {
  struct epoll_event e[8]; int n = epoll_wait(ep, e, 8, ms);
  printf("%s: %d", what, n); for (int i = 0; i < n; i++) printf(" [%x %lu]", e[i].events, (unsigned long)e[i].data.u64); puts(""); fflush(stdout);
}
static int ctl(int op, int fd, unsigned events, unsigned long data) { struct epoll_event e = { events, { .u64 = data } }; return epoll_ctl(ep, op, fd, &e); }
int main(void) {
  int p[2], q[2]; char b[100]; pipe(p); pipe(q);
  T(ep = epoll_create1(EPOLL_CLOEXEC)); T(epoll_create(0));
  T(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 1)); T(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN, 1)); T(ctl(EPOLL_CTL_MOD, q[0], EPOLLIN, 1)); T(ctl(EPOLL_CTL_DEL, q[0], 0, 0));
  T(ctl(EPOLL_CTL_ADD, 77, EPOLLIN, 1)); T(ctl(EPOLL_CTL_ADD, ep, EPOLLIN, 1)); T(ctl(9, p[0], EPOLLIN, 1));
  int f = open("/tmp", O_RDONLY); T(ctl(EPOLL_CTL_ADD, f, EPOLLIN, 1)); f = open("/dev/null", O_RDONLY); T(ctl(EPOLL_CTL_ADD, f, EPOLLIN, 1));
  struct epoll_event e; T(epoll_wait(ep, &e, 0, 0)); T(epoll_wait(p[0], &e, 1, 0));
  show("nothing", 0); show("nothing", 20);
  write(p[1], "ab", 2); show("level", 0); show("level again", 0); read(p[0], b, 1); show("partly read", 0); read(p[0], b, 1); show("drained", 0);
  T(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2));
  write(p[1], "a", 1); show("edge", 0); show("edge once", 0); write(p[1], "a", 1); show("edge new data", 0); T(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 3)); show("edge rearmed", 0); read(p[0], b, 10);
  T(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 4)); write(p[1], "a", 1); show("oneshot", 0); show("oneshot over", 0); write(p[1], "a", 1); show("oneshot still", 0);
  T(ctl(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 5)); show("oneshot again", 0);
  T(ctl(EPOLL_CTL_ADD, q[1], EPOLLOUT, 6)); show("writable", 0);
  T(ctl(EPOLL_CTL_ADD, q[0], EPOLLIN, 7)); close(q[1]); show("hangup", 0);
  int d = dup(q[0]); close(q[0]); show("closed but dup'ed", 0); close(d); show("gone", 0);
  /* nested, loops */
  int ep2; T(ep2 = epoll_create1(0)); int keep = ep; struct epoll_event n = { EPOLLIN, { .u64 = 9 } };
  T(epoll_ctl(ep2, EPOLL_CTL_ADD, ep, &n)); T(ctl(EPOLL_CTL_ADD, ep2, EPOLLIN, 1));
  ctl(EPOLL_CTL_MOD, p[0], EPOLLIN, 8); ep = ep2; show("outer", 0); ep = keep; read(p[0], b, 10); ep = ep2; show("outer quiet", 0); ep = keep;
  if (fork() == 0) { msleep(30); write(p[1], "z", 1); _exit(0); }
  show("blocking", 2000); wait(0);
  /* many ready, few asked for: they take turns */
  int a[3][2]; for (int i = 0; i < 3; i++) { pipe(a[i]); ctl(EPOLL_CTL_ADD, a[i][0], EPOLLIN, 100 + i); write(a[i][1], "x", 1); }
  for (int i = 0; i < 5; i++) { epoll_wait(ep, &e, 1, 0); printf("%lu ", (unsigned long)e.data.u64); } puts("");
  sigset_t none; sigemptyset(&none); struct timespec ts = { 0, 1000000 }; T(epoll_pwait2(ep, &e, 1, &ts, &none)); ts.tv_nsec = -1; T(epoll_pwait2(ep, &e, 1, &ts, &none));
  return 0;
}
