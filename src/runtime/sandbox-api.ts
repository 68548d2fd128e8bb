/**
 * What the engine asks of a sandbox, and the OCI-like spec a sandbox is started with. The engine worker calls these over
 * comlink on the port that host/ports.ts SandboxLauncher gives; runtime/sandbox.ts implements them in the sandbox worker.
 * Shapes follow the OCI runtime spec where it has them. Byte streams travel on MessagePorts (protocol/port-stream.ts).
 */

export interface SandboxSpec {
  /** The container's 64-digit id. */
  id: string;
  hostname: string;
  domainname: string;
  rootfs: RootfsSpec;
  mounts: MountSpec[];
  /** Files written into the root at boot, not into the writable layer: /etc/hosts, /etc/hostname, /etc/resolv.conf. */
  files: { path: string; content: Uint8Array; mode: number }[];
  resources: { memory?: number; pids?: number; shmSize: number; nanoCpus?: number };
  network: NetworkSpec;
  sysctls: Record<string, string>;
  /** Run pid 1 under a built-in init that reaps orphans and forwards signals (docker run --init). */
  init: boolean;
  /** Log every system call, as strace does. */
  strace: boolean;
}

/** bridge: eth0 with the address; none: loopback only. Addresses as text, the MAC with colons. */
export interface NetworkSpec { mode: 'bridge' | 'none'; address?: { ip: string; prefix: number; gateway: string; mac: string } }

export interface RootfsSpec {
  /** Store prefixes of the image's layers, lowest first: `layer/<hex>` with `/index` and `/chunk/<n>` below it. */
  layers: string[];
  /** Store prefix of the writable layer: `rw/<container id>`. */
  upper: string;
  readonly: boolean;
}

export type MountSpec =
  /** A named or anonymous volume: a writable tree under store prefix `upper`, shared by every container that mounts it. */
  | { type: 'volume'; target: string; upper: string; readonly: boolean; copyUp: boolean }
  | { type: 'tmpfs'; target: string; size?: number; mode?: number; options: string[]; readonly: boolean }
  /** A host directory or file (Node host only). */
  | { type: 'bind'; target: string; source: string; readonly: boolean };

export interface ProcessSpec {
  args: string[];
  env: string[];
  cwd: string;
  /** Docker's --user text: `name`, `uid`, `name:group`, `uid:gid` or ''. Resolved against the container's /etc/passwd. */
  user: string;
  groups: string[];
  tty: boolean;
  rows?: number;
  columns?: number;
  /** False: stdin reads end of file at once. */
  openStdin: boolean;
  noNewPrivileges: boolean;
  /** Linux capability names (`CAP_CHOWN`) of the bounding and permitted sets. */
  capabilities: string[];
  rlimits: { name: string; soft: number; hard: number }[];
}

/** Ports for the process's streams. With a tty only stdin and stdout are used. */
export interface ProcessIo { stdin?: MessagePort; stdout?: MessagePort; stderr?: MessagePort }

export interface ExitStatus {
  /** 0–255; 128 + signal for a killed process. */
  exitCode: number;
  signal?: number;
  oomKilled: boolean;
}

/** Thrown by start when the program cannot be executed; the engine turns it into Docker's text and exit code. */
export interface StartFailure {
  code: 'ENOENT' | 'EACCES' | 'ENOEXEC' | 'ENOTDIR' | 'EISDIR' | 'ELOOP' | 'EUSER' | 'ECWD' | 'EIO';
  /** `exec: "foo": executable file not found in $PATH`, as runc words it. */
  message: string;
}

export interface ProcessInfo { pid: number; ppid: number; uid: number; user: string; command: string; startedAt: number; cpuMs: number; state: string; tty: string; rssBytes: number; vszBytes: number }

/** Counters since boot; the engine makes Docker's stats of them. */
export interface SandboxStats {
  instructions: number;
  cpuMs: number;
  memoryBytes: number;
  memoryLimit: number;
  pids: number;
  readBytes: number;
  writtenBytes: number;
}

/** File metadata as the archive endpoints give it (X-Docker-Container-Path-Stat). */
export interface PathStat { name: string; size: number; mode: number; mtime: string; linkTarget: string }

/** A change against the image: docker diff's kinds. */
export interface Change { path: string; kind: 0 | 1 | 2 }

export interface SandboxApi {
  /** Mounts everything. Without a process started, a booted sandbox serves only the file operations (docker cp on a stopped container). */
  boot(spec: SandboxSpec): Promise<void>;
  /** Starts a process: the first is pid 1, further ones are exec'ed. Rejects with StartFailure. */
  start(process: ProcessSpec, io: ProcessIo): Promise<{ pid: number }>;
  /** Resolves when the process has ended and its output has been sent. */
  wait(pid: number): Promise<ExitStatus>;
  /** Signal to a process; resolves false when it is gone. */
  kill(pid: number, signal: number): Promise<boolean>;
  resize(pid: number, rows: number, columns: number): Promise<void>;
  /** A connection from the host to a listening port: `up` takes bytes for the container, `down` gives its own. Rejects with code ECONNREFUSED when nothing listens. */
  connect(port: number): Promise<{ up: MessagePort; down: MessagePort }>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  processes(): Promise<ProcessInfo[]>;
  stats(): Promise<SandboxStats>;
  changes(): Promise<Change[]>;
  /** Throws an error with `code: 'ENOENT'` etc. */
  statPath(path: string): Promise<PathStat>;
  /** Tar of a file or directory tree, written to the port; the entry names start with the path's base name. */
  readArchive(path: string, out: MessagePort): Promise<void>;
  /** Tar of the writable layer as an OCI layer, whiteouts included: docker commit. */
  readLayer(out: MessagePort): Promise<void>;
  /** Unpacks a tar below directory `path`. */
  writeArchive(path: string, input: MessagePort, options: { noOverwriteDirNonDir: boolean; copyUidGid: boolean }): Promise<void>;
  /** Makes everything written so far durable. */
  sync(): Promise<void>;
  /** Kills what runs, flushes, and closes the store. */
  shutdown(): Promise<void>;
}
