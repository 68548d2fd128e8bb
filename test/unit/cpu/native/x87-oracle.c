/*
 * Runs single x87 instructions on the real processor. Each 272-byte request on stdin is: code (16 bytes, padded with nops),
 * an FSAVE image (108 bytes, padded to 112), 128 bytes of memory that rdi points to, and 16 unused bytes. The answer has the
 * same layout after the instruction, with rflags in the first 8 code bytes and rax in the next 8.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct request { unsigned char code[16]; unsigned char env[112]; unsigned char mem[128]; uint64_t unused[2]; };

int main(void) {
  unsigned char *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct request r;
  while (fread(&r, sizeof r, 1, stdin) == 1) {
    memcpy(code, r.code, 16);
    code[16] = 0xc3;
    uint64_t flags, rax = 0x1122334455667788;
    __asm__ volatile(
      "frstor %2\n\t"
      "pushq $0x202\n\tpopfq\n\t"
      "call *%3\n\t"
      "pushfq\n\tpopq %0\n\t"
      "fnsave %2\n\t"
      : "=&r"(flags), "+a"(rax), "+m"(r.env)
      : "r"(code), "D"(r.mem)
      : "memory", "cc");
    memcpy(r.code, &flags, 8);
    memcpy(r.code + 8, &rax, 8);
    fwrite(&r, sizeof r, 1, stdout);
  }
  return 0;
}
