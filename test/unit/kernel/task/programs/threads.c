#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cv = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t bar;
static int total, turn;
static __thread int tls = 3;

static void *adder(void *a) {
  for (int i = 0; i < 20000; i++) { pthread_mutex_lock(&m); total++; pthread_mutex_unlock(&m); }
  tls += (long)a;
  return (void *)(long)tls;
}
static void *ping(void *a) {
  long me = (long)a;
  for (int i = 0; i < 500; i++) {
    pthread_mutex_lock(&m);
    while (turn != me) pthread_cond_wait(&cv, &m);
    turn = !me; total++;
    pthread_cond_broadcast(&cv);
    pthread_mutex_unlock(&m);
  }
  return 0;
}
static void *sleeper(void *a) { pthread_barrier_wait(&bar); pause(); return 0; }
static void usr(int s) { }
static void *target(void *a) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); int r; pthread_barrier_wait(&bar); sigwait(&s, &r); return (void *)(long)r; }
static void *killer(void *a) { usleep(2000); _exit(5); }
static void *execer(void *a) { char *v[] = {"/proc/self/exe", "again", 0}; printf("thread exec tid!=pid %d\n", gettid() != getpid()); execv(a, v); perror("exec"); return 0; }

int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (argc > 1 && !strcmp(argv[1], "again")) { printf("after exec tid==pid %d\n", gettid() == getpid()); return 0; }
  pthread_t t[4]; void *r;
  for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, adder, (void *)i);
  long sum = 0; for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); sum += (long)r; }
  printf("total %d sum %ld tls %d\n", total, sum, tls);
  total = 0; for (long i = 0; i < 2; i++) pthread_create(&t[i], 0, ping, (void *)i);
  for (int i = 0; i < 2; i++) pthread_join(t[i], 0);
  printf("ping %d\n", total);
  /* timeouts */
  struct timespec ts; clock_gettime(CLOCK_REALTIME, &ts); ts.tv_nsec += 3000000; if (ts.tv_nsec >= 1000000000) { ts.tv_sec++; ts.tv_nsec -= 1000000000; }
  pthread_mutex_lock(&m); printf("timedwait %s\n", strerror(pthread_cond_timedwait(&cv, &m, &ts))); pthread_mutex_unlock(&m);
  sem_t s; sem_init(&s, 0, 1); printf("sem %d ", sem_wait(&s)); clock_gettime(CLOCK_REALTIME, &ts); ts.tv_nsec += 2000000; if (ts.tv_nsec >= 1000000000) { ts.tv_sec++; ts.tv_nsec -= 1000000000; } printf("%d %s\n", sem_timedwait(&s, &ts), strerror(errno));
  /* cancel */
  pthread_barrier_init(&bar, 0, 2);
  pthread_create(&t[0], 0, sleeper, 0); pthread_barrier_wait(&bar); pthread_cancel(t[0]); pthread_join(t[0], &r); printf("cancelled %d\n", r == PTHREAD_CANCELED);
  /* directed signals */
  sigset_t one; sigemptyset(&one); sigaddset(&one, SIGUSR1); pthread_sigmask(SIG_BLOCK, &one, 0);
  pthread_create(&t[0], 0, target, 0); pthread_barrier_wait(&bar); pthread_kill(t[0], SIGUSR1); pthread_join(t[0], &r); printf("sigwait %ld\n", (long)r);
  /* robust mutex between processes */
  pthread_mutexattr_t at; pthread_mutexattr_init(&at); pthread_mutexattr_setrobust(&at, PTHREAD_MUTEX_ROBUST); pthread_mutexattr_setpshared(&at, PTHREAD_PROCESS_SHARED);
  pthread_mutex_t *rm = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); pthread_mutex_init(rm, &at);
  pid_t c = fork(); if (!c) { pthread_mutex_lock(rm); _exit(0); } waitpid(c, 0, 0);
  int e = pthread_mutex_lock(rm); printf("robust %s ", strerror(e)); printf("%d\n", pthread_mutex_consistent(rm)); pthread_mutex_unlock(rm);
  /* pi and shared */
  pthread_mutexattr_setprotocol(&at, PTHREAD_PRIO_INHERIT); pthread_mutex_t pi; pthread_mutexattr_setrobust(&at, PTHREAD_MUTEX_STALLED); pthread_mutex_init(&pi, &at);
  printf("pi %d %d\n", pthread_mutex_lock(&pi), pthread_mutex_unlock(&pi));
  sem_t *sh = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); sem_init(sh, 1, 0);
  c = fork(); if (!c) { usleep(3000); sem_post(sh); _exit(0); } printf("shared sem %d\n", sem_wait(sh)); waitpid(c, 0, 0);
  int st; c = fork(); if (!c) { pthread_create(&t[0], 0, killer, 0); pause(); _exit(1); } waitpid(c, &st, 0); printf("exit_group %d\n", WEXITSTATUS(st));
  c = fork(); if (!c) { pthread_create(&t[0], 0, killer, 0); pthread_exit(0); } waitpid(c, &st, 0); printf("leader first %d\n", WEXITSTATUS(st));
  c = fork(); if (!c) { pthread_create(&t[0], 0, execer, argv[0]); pause(); _exit(1); } waitpid(c, &st, 0); printf("thread exec %d\n", WEXITSTATUS(st));
  return 0;
}
