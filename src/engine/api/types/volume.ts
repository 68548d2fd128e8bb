/** Volume shapes of the Docker Engine API (v1.50). */

export interface Volume {
  CreatedAt: string;
  Driver: string;
  Labels: Record<string, string> | null;
  Mountpoint: string;
  Name: string;
  Options: Record<string, string> | null;
  Scope: string;
  UsageData?: { RefCount: number; Size: number };
}
export interface VolumeCreateRequest { Name?: string; Driver?: string; DriverOpts?: Record<string, string> | null; Labels?: Record<string, string> | null; ClusterVolumeSpec?: unknown }
export interface VolumeListResponse { Volumes: Volume[]; Warnings: string[] | null }
export interface VolumesPruneResponse { VolumesDeleted: string[] | null; SpaceReclaimed: number }
