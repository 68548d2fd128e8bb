#include "io.h"
#include <termios.h>
static volatile int last, count;
static void on(int s) { last = s; count++; }
static int master, slave;
static char b[5000];
static void in(const char *s) { write(master, s, strlen(s)); msleep(15); }
static void show(const char *what) {
  int n = 0; struct pollfd p = { master, POLLIN, 0 };
  while (poll(&p, 1, 15) == 1 && p.revents & POLLIN) { int k = read(master, b + n, sizeof b - n); if (k <= 0) break; n += k; }
  printf("%s: %d '", what, n); for (int i = 0; i < n; i++) if (b[i] >= 32 && b[i] < 127) putchar(b[i]); else printf("\\x%02x", b[i] & 255); puts("'"); fflush(stdout);
}
static void rd(const char *what, int n) { long k = read(slave, b, n); if (k < 0) printf("%s -%s\n", what, strerrorname_np(errno)); else { printf("%s %ld '", what, k); for (int i = 0; i < k; i++) if (b[i] >= 32 && b[i] < 127) putchar(b[i]); else printf("\\x%02x", b[i] & 255); puts("'"); } fflush(stdout); }
int main(void) {
  struct termios t; struct winsize w; int v; char name[64]; pid_t c; struct sigaction sa = { .sa_handler = on };
  if (setsid() < 0 && fork() > 0) { int s; wait(&s); return WEXITSTATUS(s); } setsid();
  sigaction(SIGWINCH, &sa, 0); sigaction(SIGHUP, &sa, 0); sigaction(SIGCONT, &sa, 0); sigaction(SIGINT, &sa, 0); signal(SIGTTOU, SIG_DFL);
  T(open("/dev/tty", O_RDWR)); T(master = open("/dev/ptmx", O_RDWR | O_NOCTTY)); T(ioctl(master, TIOCGPTN, &v)); snprintf(name, 64, "/dev/pts/%d", v); T(open(name, O_RDWR)); v = 0; T(ioctl(master, TIOCSPTLCK, &v));
  events("master, no slave", master); T(ioctl(master, TIOCGWINSZ, &w)); printf("%d %d\n", w.ws_row, w.ws_col); T(tcgetattr(master, &t)); printf("%x %x %x %x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
  T(slave = open(name, O_RDWR)); struct stat st; fstat(slave, &st); printf("%o %d\n", st.st_mode & S_IFMT, (int)(st.st_rdev >> 8 & 0xfff)); printf("%s\n", !strcmp(ttyname(slave), name) ? "ttyname" : "no ttyname"); T(isatty(slave)); T(isatty(master));
  T(tcgetsid(slave) == getsid(0)); T(tcgetpgrp(slave) == getpgrp()); T(tcgetsid(master) == getsid(0)); T((v = open("/dev/tty", O_RDWR)) >= 0); T(isatty(v)); close(v); T(ioctl(slave, TIOCSCTTY, 0));
  /* canonical */
  in("hello\n"); show("echo"); events("slave", slave); T(ioctl(slave, FIONREAD, &v)); printf("%d\n", v); rd("line", 100);
  in("ab\x7f" "c\x15" "done word\x17x\n"); show("edited"); rd("edited", 100); in("part\x04"); rd("eof", 100); in("\x04"); rd("eof at start", 100); in("two\nlines\n"); rd("short", 2); rd("rest", 100); rd("second", 100); show("all");
  T(write(slave, "out\nput\t.\n", 10)); show("output"); T(tcflush(slave, TCIFLUSH)); T(tcdrain(slave)); T(ioctl(slave, TIOCOUTQ, &v)); printf("%d\n", v);
  /* signals */
  in("abc\x03"); printf("SIGINT %d\n", last == SIGINT); show("^C"); in("x\n"); rd("flushed", 10); show("x");
  w.ws_row = 40; w.ws_col = 100; T(ioctl(master, TIOCSWINSZ, &w)); msleep(5); printf("SIGWINCH %d\n", last == SIGWINCH); ioctl(slave, TIOCGWINSZ, &w); printf("%d %d\n", w.ws_row, w.ws_col); last = 0; ioctl(slave, TIOCSWINSZ, &w); printf("same %d\n", last);
  /* flow control */
  in("\x13"); fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK); T(write(slave, "stopped", 7)); events("stopped", slave); in("\x11"); T(write(slave, "started", 7)); show("flow"); T(tcflow(slave, TCOOFF)); T(write(slave, "x", 1)); T(tcflow(slave, TCOON)); rd("none", 10);
  /* raw */
  tcgetattr(slave, &t); struct termios old = t; cfmakeraw(&t); T(tcsetattr(slave, TCSANOW, &t)); in("\x03\x04r\r\n"); rd("raw", 100); rd("empty", 10); show("no echo");
  t.c_cc[VMIN] = 0; t.c_cc[VTIME] = 0; tcsetattr(slave, TCSANOW, &t); rd("min 0", 10); fcntl(slave, F_SETFL, O_RDWR); t.c_cc[VTIME] = 1; tcsetattr(slave, TCSANOW, &t); elapsed(); rd("time", 10); printf("%d\n", elapsed() >= 95);
  t.c_cc[VMIN] = 3; t.c_cc[VTIME] = 0; tcsetattr(slave, TCSANOW, &t); in("ab"); events("min 3 with 2", slave); if ((c = fork()) == 0) { msleep(30); write(master, "cd", 2); _exit(0); } rd("min 3", 10); waitpid(c, 0, 0);
  t.c_cc[VTIME] = 1; tcsetattr(slave, TCSANOW, &t); in("z"); elapsed(); rd("inter-byte", 10); printf("%d\n", elapsed() >= 80);
  in("left"); T(tcsetattr(slave, TCSAFLUSH, &old)); fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK); rd("flushed", 10); fcntl(slave, F_SETFL, O_RDWR);
  /* background */
  if ((c = fork()) == 0) { setpgid(0, 0); signal(SIGTTIN, SIG_IGN); signal(SIGTTOU, SIG_IGN); rd("ignored SIGTTIN", 10); T(tcsetpgrp(slave, getpgrp())); T(tcgetpgrp(slave) == getpgrp()); _exit(0); } waitpid(c, 0, 0);
  signal(SIGTTOU, SIG_IGN); T(tcsetpgrp(slave, getpgrp())); signal(SIGTTOU, SIG_DFL); T(tcsetpgrp(slave, 99999)); 
  if ((c = fork()) == 0) { setpgid(0, 0); rd("background", 10); _exit(0); } T(waitpid(c, &v, WUNTRACED) == c); printf("stopped by %d\n", WIFSTOPPED(v) ? WSTOPSIG(v) : -1); setpgid(c, c); signal(SIGTTOU, SIG_IGN); tcsetpgrp(slave, c); kill(c, SIGCONT); in("now\n"); waitpid(c, 0, 0); tcsetpgrp(slave, getpgrp()); signal(SIGTTOU, SIG_DFL); show("after");
  if ((c = fork()) == 0) { setpgid(0, 0); T(tcsetattr(slave, TCSANOW, &old)); _exit(0); } T(waitpid(c, &v, WUNTRACED) == c); printf("stopped by %d\n", WIFSTOPPED(v) ? WSTOPSIG(v) : -1); kill(c, SIGKILL); waitpid(c, 0, 0);
  t = old; t.c_lflag |= TOSTOP; tcsetattr(slave, TCSANOW, &t); if ((c = fork()) == 0) { setpgid(0, 0); write(slave, "bg", 2); _exit(0); } T(waitpid(c, &v, WUNTRACED) == c); printf("stopped by %d\n", WIFSTOPPED(v) ? WSTOPSIG(v) : -1); kill(c, SIGKILL); waitpid(c, 0, 0); tcsetattr(slave, TCSANOW, &old);
  if ((c = fork()) == 0) { pause(); _exit(0); } in("\x1a"); in("\x03"); /* ^Z and ^C to the foreground: the child is stopped, then killed */ T(waitpid(c, &v, WUNTRACED) == c); printf("%d %d\n", WIFSTOPPED(v), WIFSTOPPED(v) ? WSTOPSIG(v) : 0); kill(c, SIGKILL); waitpid(c, 0, 0); show("^Z");
  /* packet mode, peer, hangup */
  v = 1; T(ioctl(master, TIOCPKT, &v)); write(slave, "p", 1); show("packet"); tcflush(slave, TCIFLUSH); show("flush"); v = 0; ioctl(master, TIOCPKT, &v); T(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY) >= 0); T(ioctl(0, TIOCGPTN, &v)); T(ioctl(slave, 0x1234, 0)); T(lseek(slave, 0, SEEK_SET));
  signal(SIGTSTP, SIG_DFL); last = count = 0; if ((c = fork()) == 0) { close(master); sa.sa_handler = SIG_IGN; sigaction(SIGHUP, &sa, 0); msleep(80); rd("after hangup", 10); T(write(slave, "x", 1)); events("hung up", slave); T(tcgetattr(slave, &t)); T(open("/dev/tty", O_RDWR)); _exit(0); }
  close(master); msleep(20); printf("signals %d\n", count > 0); waitpid(c, 0, 0); T(open(name, O_RDWR)); 
  /* closing the slave */
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY); unlockpt(master); ioctl(master, TIOCGPTN, &v); snprintf(name, 64, "/dev/pts/%d", v); slave = open(name, O_RDWR | O_NOCTTY); write(slave, "last words", 10); close(slave); events("slave closed", master); T(read(master, b, 100)); T(read(master, b, 100)); slave = open(name, O_RDWR | O_NOCTTY); events("reopened", master);
  return 0;
}
