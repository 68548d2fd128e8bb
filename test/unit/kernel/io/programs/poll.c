#include "io.h"
#include <sys/select.h>
static void on(int s) { (void)s; }
int main(void) {
  int p[2], q[2]; pipe(p); pipe(q);
  struct pollfd f[3] = { { p[0], POLLIN, 0 }, { -1, POLLIN, 7 }, { 99, POLLIN, 0 } };
  T(poll(f, 2, 0)); T(poll(f, 3, -1)); printf("%d %d\n", f[1].revents, f[2].revents);
  elapsed(); T(poll(f, 1, 60)); printf("waited %d\n", elapsed() >= 58);
  if (fork() == 0) { msleep(40); write(p[1], "x", 1); _exit(0); }
  T(poll(f, 1, 5000)); printf("%d\n", f[0].revents); wait(0);
  T(poll(0, 0, 10));
  struct sigaction sa = { .sa_handler = on }; sigaction(SIGUSR1, &sa, 0);
  f[0].fd = q[0];
  if (fork() == 0) { msleep(40); kill(getppid(), SIGUSR1); _exit(0); }
  T(poll(f, 1, 5000)); wait(0);
  /* ppoll lets a blocked signal through. */
  sigset_t block, none; sigemptyset(&none); sigemptyset(&block); sigaddset(&block, SIGUSR1); sigprocmask(SIG_BLOCK, &block, 0);
  raise(SIGUSR1);
  struct timespec ts = { 5, 0 };
  T(ppoll(f, 1, &ts, &none)); sigprocmask(SIG_BLOCK, 0, &none); printf("still blocked %d\n", sigismember(&none, SIGUSR1));
  fd_set r, w, e; FD_ZERO(&r); FD_ZERO(&w); FD_ZERO(&e); FD_SET(p[0], &r); FD_SET(q[0], &r); FD_SET(p[1], &w); FD_SET(p[1], &e);
  T(select(10, &r, &w, &e, 0)); printf("%d %d %d %d\n", FD_ISSET(p[0], &r), FD_ISSET(q[0], &r), FD_ISSET(p[1], &w), FD_ISSET(p[1], &e));
  FD_ZERO(&r); FD_SET(q[0], &r); struct timeval tv = { 0, 50000 };
  T(select(10, &r, 0, 0, &tv)); printf("%ld %ld %d\n", (long)tv.tv_sec, (long)tv.tv_usec, FD_ISSET(q[0], &r));
  FD_ZERO(&r); FD_SET(60, &r); T(select(61, &r, 0, 0, 0)); T(select(-1, 0, 0, 0, 0));
  tv.tv_sec = -1; T(select(0, 0, 0, 0, &tv));
  ts.tv_sec = 0; ts.tv_nsec = 2000000000; T(pselect(0, 0, 0, 0, &ts, 0));
  ts.tv_nsec = 20000000; elapsed(); T(pselect(0, 0, 0, 0, &ts, 0)); printf("slept %d\n", elapsed() >= 19);
  int file = open("/tmp", O_RDONLY); events("directory", file);
  return 0;
}
