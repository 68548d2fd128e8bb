/** Every command of the CLI. */
import type { CommandSpec } from '../spec.ts';
import { attach } from './container/attach.ts';
import { cp } from './container/cp.ts';
import { create } from './container/create.ts';
import { diff } from './container/diff.ts';
import { exec } from './container/exec.ts';
import { kill } from './container/kill.ts';
import { logs } from './container/logs.ts';
import { pause } from './container/pause.ts';
import { port } from './container/port.ts';
import { ps } from './container/ps.ts';
import { rename } from './container/rename.ts';
import { restart } from './container/restart.ts';
import { rm } from './container/rm.ts';
import { run } from './container/run.ts';
import { start } from './container/start.ts';
import { stats } from './container/stats.ts';
import { stop } from './container/stop.ts';
import { top } from './container/top.ts';
import { unpause } from './container/unpause.ts';
import { wait } from './container/wait.ts';
import { history } from './image/history.ts';
import { images } from './image/images.ts';
import { load } from './image/load.ts';
import { pull } from './image/pull.ts';
import { rmi } from './image/rmi.ts';
import { save } from './image/save.ts';
import { tag } from './image/tag.ts';
import { inspectCommands } from './inspect.ts';
import { networkCreate, networkLs, networkRm } from './network/network.ts';
import { containerPrune, imagePrune, volumePrune } from './prune.ts';
import { events } from './system/events.ts';
import { info } from './system/info.ts';
import { systemDf } from './system/df.ts';
import { version } from './system/version.ts';
import { volumeCreate, volumeLs, volumeRm } from './volume/volume.ts';

export const commands: readonly CommandSpec[] = [
  run, create, start, stop, restart, kill, pause, unpause, rm, ps, logs, exec, attach, wait, cp, rename, top, stats, diff, port, containerPrune,
  images, pull, rmi, tag, load, save, history, imagePrune,
  ...inspectCommands,
  volumeLs, volumeCreate, volumeRm, volumePrune, networkLs, networkCreate, networkRm,
  version, info, events, systemDf,
];
