#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf env;
static volatile int hits, order[16], norder;
static char alt[65536];

static void fault(int s, siginfo_t *si, void *u) {
  ucontext_t *uc = u;
  printf("sig %d code %d addr %lx trapno %lld err %lld cr2same %d onstack %d\n", s, si->si_code, (long)si->si_addr & 0xfff, (long long)uc->uc_mcontext.gregs[REG_TRAPNO],
    (long long)uc->uc_mcontext.gregs[REG_ERR] & ~1, s != SIGSEGV || (void *)uc->uc_mcontext.gregs[REG_CR2] == si->si_addr, (char *)&uc > alt && (char *)&uc < alt + sizeof alt);
  siglongjmp(env, 1);
}
static void count(int s) { hits++; if (norder < 16) order[norder++] = s; }
static void info(int s, siginfo_t *si, void *u) { printf("info %d code %d val %d pid %d\n", s, si->si_code, si->si_value.sival_int, si->si_pid == getpid()); }
static void skip(int s, siginfo_t *si, void *u) { ((ucontext_t *)u)->uc_mcontext.gregs[REG_RIP] += 2; ((ucontext_t *)u)->uc_mcontext.gregs[REG_RBX] = 77; hits++; }
static void set(int s, void *h, int flags) { struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = h; a.sa_flags = flags; if (sigaction(s, &a, 0)) perror("sigaction"); }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  stack_t ss = {.ss_sp = alt, .ss_size = sizeof alt};
  printf("altstack %d\n", sigaltstack(&ss, 0));
  char *ro = mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *none = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int sigs[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; i++) set(sigs[i], fault, SA_SIGINFO | SA_ONSTACK);
  if (!sigsetjmp(env, 1)) *(volatile char *)(ro + 0x123) = 1;
  if (!sigsetjmp(env, 1)) *(volatile char *)(none + 0x45);
  if (!sigsetjmp(env, 1)) *(volatile char *)0x10 = 1;
  volatile int z = 0;
  if (!sigsetjmp(env, 1)) z = 1 / z;
  if (!sigsetjmp(env, 1)) __asm__ volatile("ud2");
  if (!sigsetjmp(env, 1)) __asm__ volatile("int3");
  if (!sigsetjmp(env, 1)) ((void (*)(void))(ro + 0x10))();
  if (!sigsetjmp(env, 1)) __asm__ volatile("hlt");
  if (!sigsetjmp(env, 1)) *(volatile char *)0x8000000000000000 = 1;
  /* a handler edits the context */
  set(SIGILL, skip, SA_SIGINFO);
  long rbx = 0; double keep = 1.25;
  __asm__ volatile("movsd %1, %%xmm7; ud2; mov %%rbx, %0; movsd %%xmm7, %1" : "=r"(rbx), "+m"(keep) : : "rbx", "xmm7");
  printf("edited %ld %g\n", rbx, keep);
  /* masks and order */
  set(SIGUSR1, count, 0); set(SIGUSR2, count, 0); set(SIGRTMIN, count, 0); set(SIGRTMIN + 1, count, 0);
  sigset_t all, old; sigfillset(&all); sigprocmask(SIG_BLOCK, &all, &old);
  hits = 0; norder = 0;
  raise(SIGRTMIN + 1); raise(SIGRTMIN); raise(SIGRTMIN); raise(SIGUSR2); raise(SIGUSR1); raise(SIGUSR1);
  sigset_t pend; sigpending(&pend); printf("pending %d%d%d%d\n", sigismember(&pend, SIGUSR1), sigismember(&pend, SIGUSR2), sigismember(&pend, SIGRTMIN), sigismember(&pend, SIGHUP));
  sigprocmask(SIG_SETMASK, &old, 0);
  printf("hits %d:", hits); for (int i = 0; i < norder; i++) printf(" %d", order[i]); printf("\n");
  /* queue */
  set(SIGRTMIN, info, SA_SIGINFO);
  union sigval v = {.sival_int = 42}; sigqueue(getpid(), SIGRTMIN, v);
  set(SIGUSR1, info, SA_SIGINFO); kill(getpid(), SIGUSR1); raise(SIGUSR1);
  /* sigwait */
  sigset_t one; sigemptyset(&one); sigaddset(&one, SIGUSR2); sigprocmask(SIG_BLOCK, &one, 0);
  raise(SIGUSR2); siginfo_t si; printf("sigwaitinfo %d %d\n", sigwaitinfo(&one, &si), si.si_code);
  struct timespec ts = {0, 5000000}; printf("sigtimedwait %d %s\n", sigtimedwait(&one, &si, &ts), strerror(errno));
  pid_t c = fork(); if (!c) { usleep(3000); kill(getppid(), SIGUSR2); _exit(0); }
  printf("sigwaitinfo %d\n", sigwaitinfo(&one, &si)); waitpid(c, 0, 0);
  /* sigsuspend */
  set(SIGALRM, count, 0); hits = 0; sigset_t none_set; sigemptyset(&none_set);
  sigaddset(&one, SIGALRM); sigprocmask(SIG_BLOCK, &one, 0);
  alarm(1); struct itimerval it = {{0, 0}, {0, 2000}}; setitimer(ITIMER_REAL, &it, 0);
  int r = sigsuspend(&none_set); printf("sigsuspend %d %s hits %d\n", r, strerror(errno), hits);
  sigset_t now; sigprocmask(SIG_BLOCK, 0, &now); printf("mask %d %d\n", sigismember(&now, SIGALRM), sigismember(&now, SIGUSR1));
  sigprocmask(SIG_UNBLOCK, &one, 0);
  /* EINTR and restart */
  int p[2]; pipe(p); char b;
  it.it_value.tv_usec = 3000; setitimer(ITIMER_REAL, &it, 0);
  r = read(p[0], &b, 1); printf("read %d %s\n", r, strerror(errno));
  set(SIGALRM, count, SA_RESTART); it.it_value.tv_usec = 3000; setitimer(ITIMER_REAL, &it, 0);
  c = fork(); if (!c) { usleep(30000); write(p[1], "x", 1); _exit(0); }
  r = read(p[0], &b, 1); printf("read %d %c hits %d\n", r, b, hits); waitpid(c, 0, 0);
  set(SIGALRM, count, 0); it.it_value.tv_usec = 3000; setitimer(ITIMER_REAL, &it, 0);
  struct timespec rq = {5, 0}, rem = {0, 0}; r = nanosleep(&rq, &rem); printf("nanosleep %d %s left %d\n", r, strerror(errno), rem.tv_sec == 4);
  /* RESETHAND and NODEFER */
  set(SIGUSR1, count, SA_RESETHAND); hits = 0; raise(SIGUSR1); struct sigaction q; sigaction(SIGUSR1, 0, &q); printf("reset %d %d\n", hits, q.sa_handler == SIG_DFL);
  /* SIGCHLD */
  set(SIGCHLD, count, 0); hits = 0; c = fork(); if (!c) _exit(0); while (!hits) pause(); printf("sigchld %d\n", hits); waitpid(c, 0, 0);
  signal(SIGCHLD, SIG_IGN); c = fork(); if (!c) _exit(0); r = waitpid(c, 0, 0); printf("ignored child %d %s\n", r, strerror(errno));
  signal(SIGCHLD, SIG_DFL);
  /* default deaths */
  int deaths[] = {SIGHUP, SIGSEGV, SIGPIPE, SIGABRT, SIGRTMIN + 3};
  for (int i = 0; i < 5; i++) { c = fork(); if (!c) { signal(deaths[i], SIG_DFL); raise(deaths[i]); _exit(0); } int st; waitpid(c, &st, 0); printf("death %d\n", WTERMSIG(st)); }
  signal(SIGPIPE, SIG_IGN); close(p[0]); r = write(p[1], "x", 1); printf("epipe %d %s\n", r, strerror(errno));
  c = fork(); if (!c) { signal(SIGPIPE, SIG_DFL); write(p[1], "x", 1); _exit(0); } int st; waitpid(c, &st, 0); printf("sigpipe %d\n", WTERMSIG(st));
  return 0;
}
