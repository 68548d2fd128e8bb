/*
 * Floating point as programs use it: libm, formatting and parsing in three precisions, rounding modes, exceptions, x87 and SSE. The processor's
 * transcendental functions are only good to an ulp, so results of theirs are printed to 17 digits.
 */
#include <complex.h>
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252ull;
static uint64_t next(void) { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return state; }
static double uniform(void) { return (double)(next() >> 11) / 9007199254740992.0; }

static void math(void) {
  for (int i = 0; i < 60; i++) {
    volatile double x = (uniform() - 0.5) * exp2((double)(next() % 40) - 20), y = uniform() * 10;
    printf("%.17g %a %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", x, sin(x), cos(x), tan(x), exp(fmin(x, 700)), log(fabs(x)), pow(y, x > 50 ? 2.5 : x), atan2(x, y), cbrt(x));
    printf("%.17g %.17g %.17g %.17g %.17g %.9g %.9g\n", floor(x), ceil(x), rint(x), fmod(x, y), hypot(x, y), sinf((float)x), expf(fminf((float)y, 80)));
    volatile long double l = (long double)x * 1.1L, m = y;
    printf("%.21Lg %La %.21Lg %.17Lg %.17Lg %.21Lg %.17Lg\n", l, l / m, sqrtl(m), logl(m), expl(m), fmodl(l, m), powl(m, 1.25L));
    printf("%ld %lld %d %u %.17g\n", lrint(x), llround(x), (int)x, (unsigned)fabs(x), (double)(uint64_t)(y * 1e18));
  }
}

static void formats(void) {
  static const char *const texts[] = { "0.1", "1e23", "123456789012345678901234567890", "5e-324", "1.7976931348623157e308", "2.2250738585072011e-308", "0x1.8p-1074", "nan", "-inf", "1e400", "3.4028235677973366e38" };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) printf("%s: %.17g %.9g %.21Lg %a\n", texts[i], strtod(texts[i], 0), strtof(texts[i], 0), strtold(texts[i], 0), strtod(texts[i], 0));
  volatile double zero = 0;
  printf("%f %f %f %f %f %f\n", zero / zero, -(zero / zero), 1 / zero, -1 / zero, sqrt(-1 - zero), NAN);
  printf("%.3f %10.2e %g %g %.0f %.40f\n", 3.14159, 12345.678, 1e-5, 1e100, 2.5, 0.1);
  printf("%Lf %.30Lf %Lg %Lg\n", 1e18L + 0.5L, 0.1L, LDBL_MAX, LDBL_MIN);
}

static void environment(void) {
  static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
  for (int i = 0; i < 4; i++) {
    fesetround(modes[i]);
    volatile double a = 1, b = 3, big = 1e308;
    volatile float f = 1, g = 3;
    volatile long double l = 1, k = 3;
    printf("%d %a %a %La %a %a %ld %a %.17g %.3f\n", fegetround() == modes[i], a / b, (double)(f / g), l / k, nearbyint(2.5), big * 10, lrint(-1.5), sqrt(b), (double)(float)0.1, 2.0005);
    volatile int64_t n = 9007199254740993;
    printf("%a %a\n", (double)n, (double)(float)n);
  }
  fesetround(FE_TONEAREST);
  volatile double z = 0, one = 1, tenth = 0.1, huge = 1e308, small = 1e-308;
  feclearexcept(FE_ALL_EXCEPT); tenth + one; printf("%x ", fetestexcept(FE_ALL_EXCEPT & ~FE_UNDERFLOW)); 
  volatile double r;
  feclearexcept(FE_ALL_EXCEPT); r = one / z; printf("%x ", fetestexcept(FE_ALL_EXCEPT));
  feclearexcept(FE_ALL_EXCEPT); r = z / z; printf("%x ", fetestexcept(FE_ALL_EXCEPT));
  feclearexcept(FE_ALL_EXCEPT); r = huge * huge; printf("%x ", fetestexcept(FE_ALL_EXCEPT));
  feclearexcept(FE_ALL_EXCEPT); r = one + one; printf("%x ", fetestexcept(FE_ALL_EXCEPT));
  feclearexcept(FE_ALL_EXCEPT); r = one / (tenth + small); printf("%x ", fetestexcept(FE_ALL_EXCEPT));
  feclearexcept(FE_ALL_EXCEPT); r = (int)1e30; printf("%x %x\n", fetestexcept(FE_ALL_EXCEPT), (int)(huge * tenth));
  fenv_t env;
  feholdexcept(&env);
  r = one / z;
  feupdateenv(&env);
  printf("%d %g\n", fetestexcept(FE_DIVBYZERO) != 0, r);
}

__attribute__((noinline)) static void kernel(float *x, double *d, int32_t *n, uint8_t *b, int count) {
  for (int i = 0; i < count; i++) x[i] = x[i] * 1.5f + 2;
  for (int i = 0; i < count; i++) d[i] = sqrt(d[i]) / (1 + x[i]);
  for (int i = 0; i < count; i++) n[i] = (int32_t)(d[i] * 1000) + (n[i] >> 3) * 7;
  for (int i = 0; i < count; i++) b[i] = b[i] > 100 ? b[i] - 100 : b[i] * 2;
}

static void vectors(void) {
  enum { N = 103 };
  float x[N]; double d[N]; int32_t n[N]; uint8_t b[N];
  for (int i = 0; i < N; i++) { x[i] = (float)uniform(); d[i] = uniform() * 100; n[i] = (int32_t)next(); b[i] = (uint8_t)next(); }
  for (int k = 0; k < 5; k++) kernel(x, d, n, b, N);
  double sum = 0; int64_t total = 0; unsigned bytes = 0; float most = 0;
  for (int i = 0; i < N; i++) { sum += d[i]; total += n[i]; bytes += b[i]; most = fmaxf(most, x[i]); }
  printf("%.17g %ld %u %.9g\n", sum, (long)total, bytes, most);
  double complex c = 1 + 2 * I;
  for (int i = 0; i < 10; i++) c = csqrt(c) * (0.5 - I) + cexp(c * 0.1);
  printf("%.17g %.17g\n", creal(c), cimag(c));
}

int main(void) {
  math();
  formats();
  environment();
  vectors();
  return 0;
}
