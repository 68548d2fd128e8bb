/** GET /version. */
import { json, type Operation } from '../api/call.ts';
import type { VersionResponse } from '../api/types/system.ts';
import { API_VERSION, ENGINE_VERSION, MIN_API_VERSION } from '../version.ts';

export const version: Operation = (engine) => {
  const common = { ApiVersion: API_VERSION, MinAPIVersion: MIN_API_VERSION, GitCommit: '', GoVersion: '', Os: 'linux', Arch: 'amd64', KernelVersion: engine.host.kernelVersion, BuildTime: '' };
  return json({
    Platform: { Name: 'Drydock' },
    Components: [{ Name: 'Engine', Version: ENGINE_VERSION, Details: { ...common, Experimental: 'false' } }],
    Version: ENGINE_VERSION,
    ...common,
    Experimental: false,
  } satisfies VersionResponse);
};
