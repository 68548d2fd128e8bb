#include "io.h"
static volatile int got;
static void on(int s) { got = s; }
int main(void) {
  static char buf[200000];
  int p[2], q[2], n;
  signal(SIGPIPE, on);
  T(pipe2(p, O_NONBLOCK));
  events("empty r", p[0]); events("empty w", p[1]);
  T(read(p[0], buf, 10));
  T(fcntl(p[0], F_GETPIPE_SZ));
  T(write(p[1], buf, 200000));
  events("full r", p[0]); events("full w", p[1]);
  T(write(p[1], buf, 1));
  T(ioctl(p[0], FIONREAD, &n)); printf("%d\n", n);
  T(read(p[0], buf, 1));
  T(write(p[1], buf, 1));
  events("one read w", p[1]);
  T(read(p[0], buf, 4095));
  events("page read w", p[1]);
  T(write(p[1], buf, 4097));
  T(write(p[1], buf, 4096));
  T(fcntl(p[0], F_SETPIPE_SZ, 4096));
  T(fcntl(p[0], F_SETPIPE_SZ, 100000));
  T(write(p[1], buf, 5000));
  T(fcntl(p[0], F_SETPIPE_SZ, 1 << 21) > 0);
  T(read(p[0], buf, 200000));
  T(write(p[0], buf, 1)); T(read(p[1], buf, 1));
  T(lseek(p[0], 0, SEEK_SET)); T(pread(p[0], buf, 1, 0)); T(ftruncate(p[1], 0));
  T(write(p[1], "abc", 3)); T(write(p[1], "", 0));
  close(p[1]);
  events("closed writer", p[0]);
  T(read(p[0], buf, 2)); T(read(p[0], buf, 2)); T(read(p[0], buf, 2));
  events("end", p[0]);
  close(p[0]);
  T(pipe(p)); close(p[0]);
  events("closed reader", p[1]);
  T(write(p[1], "x", 1)); printf("signal %d\n", got);
  close(p[1]);
  struct stat st; pipe(p); fstat(p[0], &st); printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);

  /* A blocking write of more than the pipe holds, with a slow reader. */
  if (fork() == 0) { long sum = 0, k; close(p[1]); while ((k = read(p[0], buf, 50000)) > 0) { sum += k; msleep(2); } printf("child read %ld\n", sum); fflush(stdout); _exit(0); }
  close(p[0]);
  T(write(p[1], buf, 200000)); close(p[1]); wait(0);

  /* A write that a signal interrupts says how far it came. */
  struct sigaction sa = { .sa_handler = on }; sigaction(SIGALRM, &sa, 0);
  pipe(p); alarm(1); T(write(p[1], buf, 200000)); T(read(p[0], buf, 200000));
  alarm(1); T(read(p[0], buf, 1));
  sa.sa_flags = SA_RESTART; sigaction(SIGUSR1, &sa, 0);
  if (fork() == 0) { msleep(50); kill(getppid(), SIGUSR1); msleep(50); write(p[1], "late", 4); _exit(0); }
  T(read(p[0], buf, 10)); wait(0);

  /* Fifos. */
  mkfifo("/tmp/h6fifo", 0600);
  T(open("/tmp/h6fifo", O_WRONLY | O_NONBLOCK) < 0 ? -1 : 0);
  int r = open("/tmp/h6fifo", O_RDONLY | O_NONBLOCK); events("fifo, no writer yet", r); T(read(r, buf, 1)); close(r);
  if (fork() == 0) { int w = open("/tmp/h6fifo", O_WRONLY); write(w, "through", 7); _exit(0); }
  r = open("/tmp/h6fifo", O_RDONLY); T(read(r, buf, 100)); T(read(r, buf, 100)); close(r); wait(0);
  r = open("/tmp/h6fifo", O_RDWR); T(write(r, "self", 4)); T(read(r, buf, 10)); close(r);
  alarm(1); T(open("/tmp/h6fifo", O_RDONLY));
  unlink("/tmp/h6fifo");

  /* splice, tee. */
  pipe(p); pipe(q);
  int f = open("/tmp/h6file", O_RDWR | O_CREAT | O_TRUNC, 0600); write(f, "0123456789", 10);
  off_t off = 3;
  T(splice(f, &off, p[1], 0, 4, 0)); printf("off %ld\n", (long)off);
  T(tee(p[0], q[1], 100, 0)); T(read(q[0], buf, 100)); T(read(p[0], buf, 100)); printf("%.4s\n", buf);
  write(p[1], "spliced", 7); T(lseek(f, 0, SEEK_SET)); T(splice(p[0], 0, f, 0, 100, 0)); T(pread(f, buf, 10, 0)); printf("%.10s\n", buf);
  T(splice(f, 0, f, 0, 1, 0)); T(splice(p[0], &off, f, 0, 1, 0)); T(splice(p[0], 0, q[1], 0, 1, SPLICE_F_NONBLOCK));
  unlink("/tmp/h6file");
  return 0;
}
