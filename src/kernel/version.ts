/** What this kernel calls itself: uname(2), /proc/version, docker info. */

export const SYSNAME = 'Linux';
export const RELEASE = '6.12.0-drydock';
export const VERSION = '#1 SMP PREEMPT Drydock';
export const MACHINE = 'x86_64';
