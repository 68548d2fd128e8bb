/*
 * Runs instructions on this processor: the oracle of the CPU's differential tests.
 *
 * usage: harness CASES RESULTS. Both are arrays of fixed records (struct below; test/native/layout.ts mirrors it). The instructions are put
 * into pages of int3, all registers are loaded from the record by returning from a signal handler, and the next signal, int3's
 * SIGTRAP or a fault, brings the state back: one handler does everything, and no register is out of reach.
 * The handler touches no thread-local storage and needs no stack but the alternate one.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x10000000ul
#define CODE_SIZE 0x2000ul
#define DATA 0x20000000ul
#define DATA_SIZE 0x2000ul
#define READONLY 0x20003000ul
#define GS_BASE 0x20000800ul
/* Everything is there a second time, this much higher. */
#define HIGH 0x7e0000000000ul

struct window { uint32_t offset, size; };
static const struct window windows[] = { { 0, 0x80 }, { 0xe00, 0x400 }, { 0x1f80, 0x80 } };
#define WINDOW_BYTES 0x500

struct state {
  uint64_t gpr[16];
  uint64_t rflags, rip;
  uint8_t fx[512];
  /* in: the instructions; out: vector, fault address, whether memory outside the windows changed */
  union {
    uint8_t code[256];
    struct { uint64_t vector, address, stray; } out;
  };
  uint64_t length;
  uint8_t data[WINDOW_BYTES];
};

static const struct state *cases;
static struct state *results;
static size_t count, current;
static int running;
static uint8_t *code_alias;
static uint8_t zero[DATA_SIZE];

static const int order[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
  REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

static void die(const char *what) {
  perror(what);
  _exit(2);
}

static void map(uint64_t at, uint64_t size, int protection, int file, uint64_t offset) {
  if (mmap((void *)at, size, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, file, offset) != (void *)at) die("fixed mapping");
}

static void save(struct state *r, ucontext_t *uc) {
  greg_t *g = uc->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) r->gpr[i] = g[order[i]];
  r->rflags = g[REG_EFL];
  r->rip = g[REG_RIP];
  uint8_t *fx = (uint8_t *)uc->uc_mcontext.fpregs;
  memcpy(r->fx, fx, 512);
  uint64_t bv = *(uint64_t *)(fx + 512);
  if (!(bv & 1)) {
    memset(r->fx, 0, 24);
    r->fx[0] = 0x7f;
    r->fx[1] = 3;
    memset(r->fx + 32, 0, 128);
  }
  if (!(bv & 2)) memset(r->fx + 160, 0, 256);
  r->out.vector = g[REG_TRAPNO];
  r->out.address = g[REG_TRAPNO] == 14 ? (uint64_t)g[REG_CR2] : 0;
  if (g[REG_TRAPNO] == 3) r->rip -= 1;
  r->out.stray = 0;
  uint8_t *to = r->data;
  uint32_t at = 0;
  for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
    uint32_t offset = windows[i].offset;
    if (memcmp((void *)(DATA + at), zero, offset - at)) {
      r->out.stray = 1;
      memset((void *)(DATA + at), 0, offset - at);
    }
    memcpy(to, (void *)(DATA + offset), windows[i].size);
    to += windows[i].size;
    at = offset + windows[i].size;
  }
}

static void load(const struct state *c, ucontext_t *uc) {
  greg_t *g = uc->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) g[order[i]] = c->gpr[i];
  g[REG_EFL] = c->rflags;
  g[REG_RIP] = c->rip;
  uint8_t *fx = (uint8_t *)uc->uc_mcontext.fpregs;
  memcpy(fx, c->fx, 464);
  *(uint64_t *)(fx + 512) |= 3;
  const uint8_t *from = c->data;
  for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
    memcpy((void *)(DATA + windows[i].offset), from, windows[i].size);
    from += windows[i].size;
  }
  memset(code_alias, 0xcc, CODE_SIZE);
  uint64_t at = (c->rip & 0xffffffff) - CODE;
  memcpy(code_alias + at, c->code, at + c->length <= CODE_SIZE ? c->length : CODE_SIZE - at);
}

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig;
  (void)info;
  ucontext_t *uc = context;
  if (running) save(&results[current++], uc);
  running = 1;
  if (current == count) _exit(0);
  load(&cases[current], uc);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int in = open(argv[1], O_RDONLY), out = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
  struct stat st;
  if (in < 0 || out < 0 || fstat(in, &st) < 0) die("open");
  count = st.st_size / sizeof(struct state);
  if (count == 0 || ftruncate(out, st.st_size) < 0) die("cases");
  cases = mmap(0, st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, in, 0);
  results = mmap(0, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
  int code = memfd_create("code", 0), data = memfd_create("data", 0);
  if (cases == MAP_FAILED || results == MAP_FAILED || code < 0 || ftruncate(code, CODE_SIZE) < 0 || data < 0 || ftruncate(data, DATA_SIZE + 4096) < 0) die("mmap");
  code_alias = mmap(0, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, code, 0);
  if (code_alias == MAP_FAILED) die("mmap");
  for (uint64_t base = 0; base <= HIGH; base += HIGH) {
    map(base + CODE, CODE_SIZE, PROT_READ | PROT_EXEC, code, 0);
    map(base + DATA, DATA_SIZE, PROT_READ | PROT_WRITE, data, 0);
    map(base + READONLY, 4096, PROT_READ, data, DATA_SIZE);
  }
  if (syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE) < 0) die("arch_prctl");
  size_t stack = 1 << 17;
  stack_t ss = { .ss_sp = mmap(0, stack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = stack };
  if (sigaltstack(&ss, 0) < 0) die("sigaltstack");
  struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
  sigfillset(&sa.sa_mask);
  static const int signals[] = { SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS };
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &sa, 0);
  alarm(60);
  __asm__ volatile("int3");
  return 3;
}
