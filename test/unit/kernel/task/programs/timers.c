#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

static volatile int hits, lastval;
static void on(int s, siginfo_t *si, void *u) { hits++; lastval = si->si_code == SI_TIMER ? si->si_value.sival_int : -1; }
static double now(int c) { struct timespec t; clock_gettime(c, &t); return t.tv_sec + t.tv_nsec / 1e9; }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  struct sigaction a; memset(&a, 0, sizeof a); a.sa_sigaction = on; a.sa_flags = SA_SIGINFO; sigaction(SIGALRM, &a, 0); sigaction(SIGUSR1, &a, 0); sigaction(SIGVTALRM, &a, 0);
  double t = now(CLOCK_MONOTONIC); usleep(20000); double d = now(CLOCK_MONOTONIC) - t; printf("slept %d\n", d >= 0.02 && d < 0.5);
  struct timespec abs; clock_gettime(CLOCK_REALTIME, &abs); abs.tv_nsec += 5000000; if (abs.tv_nsec >= 1000000000) { abs.tv_nsec -= 1000000000; abs.tv_sec++; } printf("abs %d\n", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &abs, 0));
  struct timespec bad = {0, 2000000000}; printf("bad %d %s\n", nanosleep(&bad, 0), strerror(errno));
  timer_t id; struct sigevent ev; memset(&ev, 0, sizeof ev); ev.sigev_notify = SIGEV_SIGNAL; ev.sigev_signo = SIGUSR1; ev.sigev_value.sival_int = 99;
  printf("create %d\n", timer_create(CLOCK_MONOTONIC, &ev, &id));
  struct itimerspec its = {{0, 2000000}, {0, 2000000}}, cur; timer_settime(id, 0, &its, 0); while (hits < 3) pause(); timer_gettime(id, &cur); printf("timer %d interval %ld val %d\n", hits >= 3, cur.it_interval.tv_nsec, lastval);
  sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); sigprocmask(SIG_BLOCK, &s, 0); usleep(20000); sigprocmask(SIG_UNBLOCK, &s, 0); printf("overrun %d\n", timer_getoverrun(id) > 1); timer_delete(id);
  hits = 0; struct itimerval it = {{0, 1000}, {0, 1000}}; setitimer(ITIMER_REAL, &it, 0); while (hits < 3) pause(); memset(&it, 0, sizeof it); setitimer(ITIMER_REAL, &it, &it); printf("itimer %ld\n", it.it_interval.tv_usec);
  hits = 0; it.it_value.tv_sec = 0; it.it_value.tv_usec = 3000; it.it_interval.tv_usec = 0; setitimer(ITIMER_VIRTUAL, &it, 0); t = now(CLOCK_PROCESS_CPUTIME_ID); while (!hits); printf("virtual %d\n", now(CLOCK_PROCESS_CPUTIME_ID) - t > 0.0005);
  alarm(100); printf("alarm %d", alarm(0)); printf(" %d\n", alarm(0));
  struct rusage ru; getrusage(RUSAGE_SELF, &ru); printf("cpu %d maxrss %d\n", ru.ru_utime.tv_sec * 1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec > 1000, ru.ru_maxrss > 100);
  struct timeval tv; gettimeofday(&tv, 0); printf("time %d %d\n", time(0) - tv.tv_sec <= 1, tv.tv_sec > 1600000000);
  struct timespec res; clock_getres(CLOCK_MONOTONIC, &res); printf("res %ld\n", res.tv_nsec); printf("bad clock %d %s\n", clock_gettime(77, &res), strerror(errno));
  clockid_t pc; printf("cpuclock %d", clock_getcpuclockid(0, &pc)); printf(" %d\n", clock_gettime(pc, &res)); return 0;
}
