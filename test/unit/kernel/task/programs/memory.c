#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf env;
static int code;
static void onfault(int s, siginfo_t *si, void *u) { code = s * 10 + si->si_code; siglongjmp(env, 1); }
__attribute__((noinline)) static int touch(volatile char *p, int write) { code = 0; if (!sigsetjmp(env, 1)) { if (write) *p = 1; else (void)*p; } return code; }
static int deep(int n) { volatile char b[4096]; b[0] = n; return n == 0 ? 0 : deep(n - 1) + b[0] * 0 + 1; }
#define P 4096

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = onfault; a.sa_flags = SA_SIGINFO | SA_NODEFER; sigaction(SIGSEGV, &a, 0); sigaction(SIGBUS, &a, 0);
  char *m = mmap(0, 8 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(m, 7, 8 * P);
  printf("mprotect %d", mprotect(m + 2 * P, P, PROT_READ)); printf(" w%d", touch(m + 2 * P, 1)); printf(" r%d", touch(m + 2 * P, 0));
  printf(" none %d", mprotect(m + 3 * P, P, PROT_NONE)); printf(" r%d", touch(m + 3 * P, 0));
  printf(" back %d", mprotect(m + 3 * P, P, PROT_READ | PROT_WRITE)); printf(" v%d\n", m[3 * P]);
  printf("munmap %d", munmap(m + 4 * P, P)); printf(" r%d", touch(m + 4 * P, 0)); printf(" hole %s\n", mprotect(m, 8 * P, PROT_READ) ? strerror(errno) : "ok");
  mprotect(m, 4 * P, PROT_READ | PROT_WRITE);
  printf("noreplace %s\n", mmap(m, P, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED ? strerror(errno) : "mapped");
  printf("fixed %d", mmap(m + P, P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == m + P); printf(" zero %d kept %d\n", m[P], m[0]);
  printf("dontneed %d %d\n", madvise(m, P, MADV_DONTNEED), m[0]);
  printf("madvise bad %d %s\n", madvise(m + 1, P, MADV_DONTNEED), strerror(errno));
  /* mremap */
  char *r = mmap(0, 4 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); strcpy(r, "begin"); strcpy(r + 3 * P, "end");
  char *g = mremap(r, 4 * P, 64 * P, MREMAP_MAYMOVE); printf("mremap %s %s %d\n", g, g + 3 * P, g[63 * P]);
  g = mremap(g, 64 * P, P, 0); printf("shrunk %s r%d\n", g, touch(g + 2 * P, 0));
  printf("mremap nomove %s\n", mremap(g, P, (size_t)1 << 46, 0) == MAP_FAILED ? strerror(errno) : "ok");
  /* files */
  int fd = open("/tmp/mmap-test", O_RDWR | O_CREAT | O_TRUNC, 0600); unlink("/tmp/mmap-test");
  for (int i = 0; i < 3000; i++) write(fd, "abcd", 4);
  char *sh = mmap(0, 4 * P, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *pr = mmap(0, 4 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, P), buf[8] = {0};
  sh[P] = 'X'; pread(fd, buf, 4, P); printf("shared %s private %.4s\n", buf, pr); pr[1] = 'Y'; pread(fd, buf, 4, P); printf("shared %s private %.4s\n", buf, pr);
  pwrite(fd, "Z", 1, P + 2); printf("written %.4s %.4s\n", sh + P, pr);
  printf("past end %d inside %d tail %d\n", touch(sh + 3 * P, 0), touch(sh + 2 * P, 0), sh[12000 + 5]);
  printf("readonly share %s\n", mmap(0, P, PROT_WRITE, MAP_SHARED, open("/proc/self/exe", O_RDONLY), 0) == MAP_FAILED ? "failed" : "ok");
  pid_t c = fork(); if (!c) { sh[0] = 'F'; pr[0] = 'F'; _exit(0); } waitpid(c, 0, 0); printf("after fork %c %c\n", sh[0], pr[0]);
  printf("bad fd %s\n", mmap(0, P, PROT_READ, MAP_SHARED, 99, 0) == MAP_FAILED ? strerror(errno) : "ok");
  printf("bad offset %s\n", mmap(0, P, PROT_READ, MAP_SHARED, fd, 5) == MAP_FAILED ? strerror(errno) : "ok");
  printf("zero length %s\n", mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? strerror(errno) : "ok");
  /* big reservation */
  char *big = mmap(0, (size_t)64 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0); printf("reserve %d", big != MAP_FAILED);
  mprotect(big + ((size_t)40 << 30), 2 * P, PROT_READ | PROT_WRITE); big[((size_t)40 << 30) + 5] = 9; printf(" %d %d r%d\n", big[((size_t)40 << 30) + 5], big[((size_t)40 << 30) + P], touch(big, 0));
  c = fork(); if (!c) { big[((size_t)40 << 30) + 5]++; _exit(big[((size_t)40 << 30) + 5]); } int st; waitpid(c, &st, 0); printf("high cow %d %d\n", WEXITSTATUS(st), big[((size_t)40 << 30) + 5]);
  munmap(big, (size_t)64 << 30);
  /* brk */
  char *b0 = sbrk(0); char *b1 = sbrk(100000); b1[99999] = 1; printf("brk %d %d\n", b0 == b1, (int)((char *)sbrk(0) - b0)); sbrk(-50000); printf("brk %d\n", (int)((char *)sbrk(0) - b0));
  printf("stack %d\n", deep(1000));
  unsigned char vec[4]; char *mc = mmap(0, 3 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); mc[P] = 1; mincore(mc, 3 * P, vec); printf("mincore %d%d%d\n", vec[0] & 1, vec[1] & 1, vec[2] & 1);
  /* execution and self-modification */
  unsigned char fn[] = {0xb8, 1, 0, 0, 0, 0xc3}; unsigned char *x = mmap(0, P, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memcpy(x, fn, 6);
  int s = 0; for (int i = 0; i < 300; i++) { x[1] = i & 127; s += ((int (*)(void))x)(); } printf("self-modified %d\n", s);
  mprotect(x, P, PROT_READ | PROT_WRITE); x[1] = 100; mprotect(x, P, PROT_READ | PROT_EXEC); printf("jit %d w%d\n", ((int (*)(void))x)(), touch(x, 1));
  /* overflow of the stack */
  c = fork(); if (!c) { signal(SIGSEGV, SIG_DFL); struct rlimit rl = {1 << 20, 1 << 20}; setrlimit(RLIMIT_STACK, &rl); deep(100000); _exit(0); } waitpid(c, &st, 0); printf("overflow %d\n", WTERMSIG(st));
  struct rlimit rl = {1 << 30, RLIM_INFINITY}; setrlimit(RLIMIT_AS, &rl); printf("rlimit_as %s\n", mmap(0, (size_t)2 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? strerror(errno) : "ok");
  return 0;
}
