/* What the programs of this directory share: they print what each call gives, natively and in a guest alike. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long r_;
/* Prints the call's text and its result, or the name of its error. */
#define T(call) ((r_ = (long)(call)) < 0 ? printf("%s = -%s\n", #call, strerrorname_np(errno)) : printf("%s = %ld\n", #call, r_), fflush(stdout), r_)

static inline void events(const char *what, int fd) {
  struct pollfd p = { fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM | POLLWRNORM, 0 };
  poll(&p, 1, 0);
  printf("%s: %s%s%s%s%s%s%s\n", what, p.revents & POLLIN ? "IN " : "", p.revents & POLLPRI ? "PRI " : "", p.revents & POLLOUT ? "OUT " : "",
         p.revents & POLLERR ? "ERR " : "", p.revents & POLLHUP ? "HUP " : "", p.revents & POLLNVAL ? "NVAL " : "", p.revents & POLLRDHUP ? "RDHUP " : "");
  fflush(stdout);
}

static inline void msleep(int ms) {
  struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
  nanosleep(&t, 0);
}

static inline long elapsed(void) {
  static struct timespec last;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long ms = (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000;
  last = now;
  return ms;
}
