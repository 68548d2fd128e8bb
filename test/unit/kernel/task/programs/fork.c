#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int counter = 5;

static void wait_one(const char *what) {
  int st = -1;
  pid_t p = wait(&st);
  printf("%s: %d exited=%d code=%d signaled=%d sig=%d\n", what, p > 0, WIFEXITED(st), WEXITSTATUS(st), WIFSIGNALED(st), WIFSIGNALED(st) ? WTERMSIG(st) : 0);
}

static int child_fn(void *arg) { counter += *(int *)arg; return 9; }

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (argc > 1 && !strcmp(argv[1], "child")) { printf("exec'ed with %d args, last %s, env %s\n", argc, argv[argc - 1], getenv("X")); return 7; }
  /* copy on write */
  int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int *private = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  *shared = *private = 1;
  if (fork() == 0) { counter = 6; *shared = 2; *private = 2; _exit(counter); }
  wait_one("fork");
  printf("counter %d shared %d private %d\n", counter, *shared, *private);
  /* killed */
  if (fork() == 0) { pause(); _exit(0); } else { usleep(1000); }
  kill(0, 0);
  pid_t c = fork();
  if (c == 0) { raise(SIGTERM); _exit(0); }
  int st; waitpid(c, &st, 0); printf("raise: %d %d\n", WIFSIGNALED(st), WTERMSIG(st));
  signal(SIGUSR1, SIG_IGN); kill(0, SIGUSR1);
  /* the paused child */
  c = fork();
  if (c == 0) { char *a[] = {argv[0], "child", "zz", 0}; char *e[] = {"X=yes", 0}; execve("/proc/self/exe", a, e); execve(argv[0], a, e); _exit(127); }
  waitpid(c, &st, 0); printf("exec: %d\n", WEXITSTATUS(st));
  /* vfork */
  volatile int v = 1;
  c = vfork();
  if (c == 0) { v = 2; _exit(3); }
  waitpid(c, &st, 0); printf("vfork: %d v=%d\n", WEXITSTATUS(st), v);
  /* clone with shared memory */
  char *stack = malloc(65536); int add = 10;
  c = clone(child_fn, stack + 65536, CLONE_VM | SIGCHLD, &add);
  waitpid(c, &st, 0); printf("clone: %d counter %d\n", WEXITSTATUS(st), counter);
  /* errors */
  printf("wait no child: ");
  c = fork(); if (!c) _exit(0);
  printf("%d ", waitpid(c, &st, 0) == c);
  printf("%d %s\n", waitpid(c, &st, 0), strerror(errno));
  printf("wnohang: "); c = fork(); if (!c) { pause(); } printf("%d ", waitpid(c, &st, WNOHANG)); kill(c, SIGKILL); waitpid(c, &st, 0); printf("%d\n", WTERMSIG(st));
  siginfo_t si; memset(&si, 0, sizeof si);
  c = fork(); if (!c) _exit(44);
  printf("waitid nowait %d ", waitid(P_PID, c, &si, WEXITED | WNOWAIT)); printf("%d %d %d ", si.si_code, si.si_status, si.si_pid == c);
  struct rusage ru; printf("%d\n", wait4(c, &st, 0, &ru) == c);
  /* stop and continue */
  c = fork(); if (!c) { for (;;) pause(); }
  kill(c, SIGSTOP); waitpid(c, &st, WUNTRACED); printf("stopped %d %d ", WIFSTOPPED(st), WSTOPSIG(st));
  kill(c, SIGCONT); waitpid(c, &st, WCONTINUED); printf("continued %d ", WIFCONTINUED(st));
  kill(c, SIGKILL); waitpid(c, &st, 0); printf("killed %d\n", WTERMSIG(st));
  /* orphan to a subreaper */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  int fds[2]; pipe(fds);
  if (fork() == 0) { if (fork() == 0) { usleep(20000); pid_t pp = getppid(); write(fds[1], &pp, sizeof pp); _exit(0); } _exit(0); }
  pid_t got; read(fds[0], &got, sizeof got); printf("reparented %d\n", got == getpid());
  printf("groups: %d %d\n", getpgrp() == getpgid(0), getsid(0) == getsid(getpid()));
  c = fork(); if (!c) { int r = setpgid(0, 0); printf("setpgid %d %d ", r, getpgrp() == getpid()); r = setsid(); printf("setsid %d %s\n", r, strerror(errno)); _exit(0); }
  waitpid(c, &st, 0);
  c = fork(); if (!c) { int r = setsid(); printf("setsid %d\n", r == getpid()); _exit(0); }
  waitpid(c, &st, 0);
  char *bad[] = {"x", 0};
  printf("exec missing: %d %s\n", execv("/nonexistent", bad), strerror(errno));
  printf("exec dir: %d %s\n", execv("/tmp", bad), strerror(errno));
  struct rlimit rl; getrlimit(RLIMIT_STACK, &rl); printf("stack %ld\n", (long)rl.rlim_cur);
  return 0;
}
