/** GET /distribution/{name}/json: what the registry has under a name. */
import type { RegistryAuth } from '../../image/types.ts';
import { json, type Operation } from '../api/call.ts';

export const distributionInspect: Operation = async (engine, call) => json(await engine.images.distribution(call.params.name, call.base64Header<RegistryAuth>('x-registry-auth')));
