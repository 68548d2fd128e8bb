/* String functions, which the C library picks by CPUID, against simple loops: every length and alignment, and across a page end. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <wchar.h>

static uint64_t state = 1;
static unsigned next(void) { state = state * 6364136223846793005ull + 1442695040888963407ull; return (unsigned)(state >> 33); }

int main(void) {
  char *page = mmap(0, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 2 * 4096, 4096);
  char *end = page + 2 * 4096;
  uint64_t sum = 0;
  for (int round = 0; round < 3000; round++) {
    unsigned length = next() % (round % 10 == 0 ? 700 : 70);
    char *s = round & 1 ? end - length - 1 : page + next() % 64;
    for (unsigned i = 0; i < length; i++) s[i] = (char)('a' + next() % 6);
    s[length] = 0;
    char other[800];
    memcpy(other, s, length + 1);
    if (length > 0 && next() % 2) other[next() % length] = (char)('a' + next() % 6);
    char set[4] = { (char)('a' + next() % 6), (char)('a' + next() % 6), (char)('a' + next() % 6), 0 };
    char *p = strchr(s, 'a' + next() % 7), *q = strrchr(s, 'b'), *t = strstr(s, set), *k = strpbrk(s, set);
    int order = strcmp(s, other), within = strncmp(s, other, next() % 80), bytes = memcmp(s, other, length);
    sum = sum * 31 + strlen(s) + (p ? (unsigned)(p - s) : 9999) + (q ? (unsigned)(q - s) : 7777) + (t ? (unsigned)(t - s) : 5555) + (k ? (unsigned)(k - s) : 3333);
    sum = sum * 31 + (order > 0) - (order < 0) + 3 * ((within > 0) - (within < 0)) + 9 * ((bytes > 0) - (bytes < 0));
    sum = sum * 31 + strspn(s, set) + 100 * strcspn(s, set) + (memchr(s, 'c', length) != 0) + strnlen(s, 33);
    if (length != strlen(other)) { puts("length"); return 1; }
    memmove(other + next() % 50, other, length + 1);
    memset(other + next() % 100, 'x', next() % 200);
    strcpy(other + 100, s);
    if (strcmp(other + 100, s) != 0 || strcasecmp(s, s) != 0) { puts("copy"); return 1; }
    for (unsigned i = 0; i < 100; i++) sum = sum * 33 + (unsigned char)other[i];
  }
  wchar_t w[100];
  for (int i = 0; i < 99; i++) w[i] = L'a' + i % 7;
  w[99] = 0;
  printf("%016lx %zu %zd\n", (unsigned long)sum, wcslen(w), wcschr(w, L'g') - w);
  return 0;
}
