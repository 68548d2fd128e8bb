/**
 * The image configuration (OCI image-spec config.md, plus Docker's extensions): what the image id is the digest of. Kept
 * byte for byte as it came, parsed beside it.
 */
import { InvalidParameter } from '../base/errors.ts';

/** `config` of an image: defaults for a container. Field names as on the wire. */
export interface ContainerDefaults {
  User?: string;
  ExposedPorts?: Record<string, object> | null;
  Env?: string[] | null;
  Entrypoint?: string[] | null;
  Cmd?: string[] | null;
  Volumes?: Record<string, object> | null;
  WorkingDir?: string;
  Labels?: Record<string, string> | null;
  StopSignal?: string;
  StopTimeout?: number;
  Shell?: string[] | null;
  OnBuild?: string[] | null;
  Healthcheck?: Healthcheck | null;
  ArgsEscaped?: boolean;
}

/** Durations in nanoseconds. */
export interface Healthcheck { Test?: string[]; Interval?: number; Timeout?: number; StartPeriod?: number; StartInterval?: number; Retries?: number }

export interface HistoryEntry { created?: string; created_by?: string; author?: string; comment?: string; empty_layer?: boolean }

export interface ImageConfig {
  created?: string;
  author?: string;
  architecture: string;
  variant?: string;
  os: string;
  'os.version'?: string;
  'os.features'?: string[];
  config?: ContainerDefaults;
  rootfs: { type: string; diff_ids: string[] };
  history?: HistoryEntry[];
  docker_version?: string;
  container?: string;
  container_config?: unknown;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Parses a configuration blob; throws InvalidParameter when it is none. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  let value: unknown;
  try { value = JSON.parse(decoder.decode(bytes)); } catch (e) { throw new InvalidParameter(`invalid image configuration: ${(e as Error).message}`); }
  const config = value as ImageConfig;
  if (typeof config !== 'object' || config === null) throw new InvalidParameter('invalid image configuration: not an object');
  const ids = config.rootfs?.diff_ids ?? [];
  if (!Array.isArray(ids) || ids.some((d) => !/^sha256:[0-9a-f]{64}$/.test(d))) throw new InvalidParameter('invalid image configuration: rootfs.diff_ids');
  config.rootfs = { type: 'layers', diff_ids: ids };
  config.architecture ??= 'amd64';
  config.os ??= 'linux';
  return config;
}
