/** Resource limits of a process; Infinity stands for RLIM_INFINITY. */
import { RLIM_INFINITY, RLIM_NLIMITS, RLIMIT_CORE, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_RTPRIO, RLIMIT_STACK } from '../../abi/resource.ts';

export interface Rlimit { soft: number; hard: number }

export class Rlimits {
  private readonly limits: Rlimit[];

  constructor(from?: Rlimits) {
    this.limits = [];
    for (let i = 0; i < RLIM_NLIMITS; i++) this.limits.push(from ? { ...from.limits[i] } : { soft: RLIM_INFINITY, hard: RLIM_INFINITY });
    if (from) return;
    this.limits[RLIMIT_STACK] = { soft: 8 << 20, hard: RLIM_INFINITY };
    this.limits[RLIMIT_CORE] = { soft: 0, hard: RLIM_INFINITY };
    this.limits[RLIMIT_NOFILE] = { soft: 1024, hard: 524288 };
    this.limits[RLIMIT_MEMLOCK] = { soft: 8 << 20, hard: 8 << 20 };
    this.limits[RLIMIT_MSGQUEUE] = { soft: 819200, hard: 819200 };
    this.limits[RLIMIT_NICE] = { soft: 0, hard: 0 };
    this.limits[RLIMIT_RTPRIO] = { soft: 0, hard: 0 };
  }

  get(resource: number): Rlimit { return this.limits[resource]; }
  soft(resource: number): number { return this.limits[resource].soft; }
  set(resource: number, limit: Rlimit): void { this.limits[resource] = { ...limit }; }
  clone(): Rlimits { return new Rlimits(this); }
}
