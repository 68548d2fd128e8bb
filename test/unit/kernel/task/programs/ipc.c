#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

struct text { long type; char body[32]; };

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600), st; struct shmid_ds ds;
  int *p = shmat(id, 0, 0); p[0] = 1;
  if (!fork()) { p[0] = 2; int *q = shmat(id, 0, 0); q[1] = 3; shmdt(q); _exit(0); } wait(0);
  shmctl(id, IPC_STAT, &ds); printf("shm %d %d size %zu attached %ld mode %o\n", p[0], p[1], ds.shm_segsz, (long)ds.shm_nattch, ds.shm_perm.mode);
  printf("rmid %d", shmctl(id, IPC_RMID, 0)); printf(" still %d", p[0]); printf(" dt %d", shmdt(p)); printf(" %d %s\n", shmat(id, 0, 0) == (void *)-1, strerror(errno));
  printf("bad dt %d %s\n", shmdt((void *)4096), strerror(errno));
  int s = semget(IPC_PRIVATE, 2, 0600); semctl(s, 0, SETVAL, 1);
  struct sembuf down = {0, -1, SEM_UNDO}, up = {0, 1, 0}, try = {0, -1, IPC_NOWAIT};
  if (!fork()) { semop(s, &down, 1); _exit(0); } wait(0); printf("undo %d\n", semctl(s, 0, GETVAL));
  semop(s, &try, 1); st = semop(s, &try, 1); printf("try %d %s\n", st, strerror(errno));
  if (!fork()) { usleep(5000); semop(s, &up, 1); _exit(0); } printf("wait %d\n", semop(s, (struct sembuf[]){{0, -1, 0}}, 1)); wait(0);
  struct timespec ts = {0, 3000000}; st = semtimedop(s, (struct sembuf[]){{0, -1, 0}}, 1, &ts); printf("timed %d %s\n", st, strerror(errno));
  if (!fork()) { int r = semop(s, (struct sembuf[]){{0, -1, 0}}, 1); _exit(r == -1 && errno == EIDRM ? 4 : 5); } usleep(200000); semctl(s, 0, IPC_RMID); wait(&st); printf("removed %d\n", WEXITSTATUS(st));
  int q = msgget(IPC_PRIVATE, 0600); struct text m = {2, "two"}, n = {1, "one"}, got;
  msgsnd(q, &m, 4, 0); msgsnd(q, &n, 4, 0);
  printf("typed %zd %s", msgrcv(q, &got, 32, 1, 0), got.body); printf(" %zd", msgrcv(q, &got, 32, 0, 0)); printf(" %s", got.body);
  printf(" %zd %s\n", msgrcv(q, &got, 32, 0, IPC_NOWAIT), strerror(errno)); msgctl(q, IPC_RMID, 0);
  return 0;
}
