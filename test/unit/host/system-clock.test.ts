import { expect, it } from 'vitest';
import { systemClock } from '../../../src/host/system-clock.ts';

it('has fractions of a millisecond, and follows the wall clock over sleep and settings', () => {
  let wall = 1_000_000, monotonic = 50;
  const clock = systemClock(() => Math.floor(wall), () => monotonic);
  const pass = (ms: number): void => { wall += ms; monotonic += ms; };
  pass(10.25);
  expect(clock.now()).toBe(1_000_010.25);
  wall += 3_600_000;
  expect(clock.now()).toBe(4_600_010);
  pass(1.5);
  expect(Math.abs(clock.now() - wall)).toBeLessThan(1.01);
  wall -= 60_000;
  expect(Math.abs(clock.now() - wall)).toBeLessThan(1.01);
  expect(clock.monotonic()).toBe(monotonic);
});
