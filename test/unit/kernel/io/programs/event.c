#include "io.h"
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
static void names(int fd) {
  char b[4096]; long n = read(fd, b, sizeof b);
  if (n < 0) { printf("inotify -%s\n", strerrorname_np(errno)); return; }
  for (char *p = b; p < b + n;) { struct inotify_event *e = (void *)p; printf("  wd %d mask %x cookie %d len %u %s\n", e->wd, e->mask, e->cookie != 0, e->len, e->len ? e->name : ""); p += sizeof *e + e->len; }
  fflush(stdout);
}
int main(void) {
  uint64_t v; int fd;
  T(fd = eventfd(3, EFD_NONBLOCK)); events("eventfd", fd); T(read(fd, &v, 4)); T(read(fd, &v, 8)); printf("%lu\n", v); T(read(fd, &v, 8));
  v = 0xfffffffffffffffeUL; T(write(fd, &v, 8)); events("eventfd full", fd); v = 1; T(write(fd, &v, 8)); v = -1; T(write(fd, &v, 8)); T(read(fd, &v, 8)); printf("%lx\n", v); close(fd);
  T(fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK)); T(read(fd, &v, 8)); printf("%lu\n", v); T(read(fd, &v, 8)); T(read(fd, &v, 8)); T(eventfd(0, 0x7)); T(lseek(fd, 0, SEEK_SET));
  T(fd = eventfd(0, 0)); if (fork() == 0) { msleep(30); v = 5; write(fd, &v, 8); _exit(0); } T(read(fd, &v, 8)); printf("%lu\n", v); wait(0);

  struct itimerspec it = { { 0, 20000000 }, { 0, 30000000 } }, old;
  T(fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)); T(read(fd, &v, 8)); events("unarmed", fd);
  T(timerfd_settime(fd, 0, &it, 0)); T(timerfd_gettime(fd, &old)); printf("%d %ld\n", old.it_value.tv_nsec > 0 && old.it_value.tv_nsec <= 30000000, old.it_interval.tv_nsec);
  msleep(115); events("expired", fd); T(read(fd, &v, 8)); printf("ticks %d\n", v >= 3 && v <= 6); T(read(fd, &v, 8));
  it.it_interval.tv_nsec = 0; it.it_value.tv_nsec = 0; T(timerfd_settime(fd, 0, &it, &old)); printf("%ld\n", old.it_interval.tv_nsec); msleep(30); events("disarmed", fd);
  struct timespec now; clock_gettime(CLOCK_REALTIME, &now); fd = timerfd_create(CLOCK_REALTIME, 0); now.tv_nsec += 30000000; if (now.tv_nsec >= 1000000000) { now.tv_sec++; now.tv_nsec -= 1000000000; }
  it.it_value = now; T(timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, 0)); elapsed(); T(read(fd, &v, 8)); printf("%lu %d\n", v, elapsed() >= 25);
  T(timerfd_create(77, 0)); it.it_value.tv_nsec = -1; T(timerfd_settime(fd, 0, &it, 0));

  sigset_t set; sigemptyset(&set); sigaddset(&set, SIGUSR1); sigaddset(&set, SIGCHLD); sigprocmask(SIG_BLOCK, &set, 0);
  struct signalfd_siginfo si;
  T(fd = signalfd(-1, &set, SFD_NONBLOCK)); T(read(fd, &si, sizeof si)); events("no signal", fd); raise(SIGUSR1); events("signal", fd);
  T(read(fd, &si, sizeof si)); printf("%u %d\n", si.ssi_signo, si.ssi_pid == (unsigned)getpid()); T(read(fd, &si, 10));
  pid_t c = fork(); if (c == 0) _exit(3); struct pollfd pf = { fd, POLLIN, 0 }; T(poll(&pf, 1, 2000)); T(read(fd, &si, sizeof si)); printf("%u %d %d\n", si.ssi_signo, si.ssi_pid == (unsigned)c, si.ssi_status); wait(0);

  mkdir("/tmp/h6in", 0755); int wd;
  T(fd = inotify_init1(IN_NONBLOCK)); T(wd = inotify_add_watch(fd, "/tmp/h6in", IN_ALL_EVENTS)); names(fd);
  int f = open("/tmp/h6in/a", O_CREAT | O_WRONLY, 0600); write(f, "x", 1); write(f, "y", 1); close(f); names(fd);
  f = open("/tmp/h6in/a", O_RDONLY); char b; read(f, &b, 1); close(f); chmod("/tmp/h6in/a", 0644); names(fd);
  rename("/tmp/h6in/a", "/tmp/h6in/b"); link("/tmp/h6in/b", "/tmp/h6in/c"); unlink("/tmp/h6in/c"); mkdir("/tmp/h6in/d", 0755); rmdir("/tmp/h6in/d"); names(fd);
  T(inotify_add_watch(fd, "/tmp/h6in/b", IN_DELETE_SELF | IN_ATTRIB | IN_ONESHOT) > wd); unlink("/tmp/h6in/b"); names(fd);
  T(inotify_add_watch(fd, "/tmp/h6in", IN_CREATE) == wd); f = open("/tmp/h6in/z", O_CREAT, 0600); close(f); names(fd); unlink("/tmp/h6in/z"); rmdir("/tmp/h6in"); names(fd);
  T(inotify_add_watch(fd, "/tmp/nonexistent", IN_CREATE)); T(inotify_add_watch(fd, "/tmp", 0)); T(inotify_rm_watch(fd, 99)); T(inotify_add_watch(fd, "/dev/null", IN_ONLYDIR | IN_OPEN));
  return 0;
}
