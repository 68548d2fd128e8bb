/** Every system call this kernel knows, one row each; the support page and the log of unknown calls come from here. */
import type { SyscallRow } from './define.ts';
import { dirCalls } from './dir.ts';
import { eventCalls } from './event.ts';
import { fdCalls } from './fd.ts';
import { fileCalls } from './file.ts';
import { futexCalls } from './futex.ts';
import { idCalls } from './id.ts';
import { ipcCalls } from './ipc.ts';
import { limitCalls } from './limits.ts';
import { memCalls } from './mem.ts';
import { mountCalls } from './mount.ts';
import { pathCalls } from './path.ts';
import { pipeCalls } from './pipe.ts';
import { pollCalls } from './poll.ts';
import { prctlCalls } from './prctl.ts';
import { signalCalls } from './signal.ts';
import { socketCalls } from './socket.ts';
import { sysCalls } from './sys.ts';
import { taskCalls } from './task.ts';
import { timeCalls } from './time.ts';
import { waitCalls } from './wait.ts';
import { xattrCalls } from './xattr.ts';

export const syscalls: readonly SyscallRow[] = [
  ...dirCalls, ...eventCalls, ...fdCalls, ...fileCalls, ...futexCalls, ...idCalls,
  ...ipcCalls, ...limitCalls, ...memCalls, ...mountCalls, ...pathCalls, ...pipeCalls,
  ...pollCalls, ...prctlCalls, ...signalCalls, ...socketCalls, ...sysCalls, ...taskCalls,
  ...timeCalls, ...waitCalls, ...xattrCalls,
].sort((a, b) => a.nr - b.nr);
