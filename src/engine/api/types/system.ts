/** System shapes of the Docker Engine API (v1.50): version, info, events, disk usage. */
import type { ContainerSummary } from './container.ts';
import type { ImageSummary } from './image.ts';
import type { Volume } from './volume.ts';

export interface VersionResponse {
  Platform: { Name: string };
  Components: { Name: string; Version: string; Details: Record<string, string> }[];
  Version: string;
  ApiVersion: string;
  MinAPIVersion: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  KernelVersion: string;
  Experimental: boolean;
  BuildTime: string;
}

/** The fields the clients read; the rest of Docker's long list is passed through as it is. */
export interface InfoResponse extends Record<string, unknown> {
  ID: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Driver: string;
  ServerVersion: string;
  OperatingSystem: string;
  KernelVersion: string;
  Architecture: string;
  NCPU: number;
  MemTotal: number;
  Name: string;
}

export type EventType = 'builder' | 'config' | 'container' | 'daemon' | 'image' | 'network' | 'node' | 'plugin' | 'secret' | 'service' | 'volume';

export interface EventMessage {
  /** Deprecated twins of Action, Actor.ID and the image, which clients before 1.52 read. */
  status?: string;
  id?: string;
  from?: string;
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local';
  time: number;
  timeNano: number;
}

export interface BuildCacheRecord { ID: string; Type: string; Description: string; InUse: boolean; Shared: boolean; Size: number; CreatedAt: string; LastUsedAt: string | null; UsageCount: number; Parents?: string[] }

export interface DiskUsage {
  LayersSize: number;
  Images: ImageSummary[] | null;
  Containers: (ContainerSummary & { SizeRw?: number })[] | null;
  Volumes: Volume[] | null;
  BuildCache: BuildCacheRecord[] | null;
  BuilderSize?: number;
}

export interface AuthConfig { username?: string; password?: string; auth?: string; email?: string; serveraddress?: string; identitytoken?: string; registrytoken?: string }
export interface AuthResponse { Status: string; IdentityToken: string }
