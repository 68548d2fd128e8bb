/** POST /auth: docker login. */
import type { RegistryAuth } from '../../image/types.ts';
import { json, type Operation } from '../api/call.ts';
import type { AuthResponse } from '../api/types/system.ts';

export const auth: Operation = async (engine, call) => {
  const status = await engine.images.login(await call.requiredJson<RegistryAuth>());
  return json({ Status: status, IdentityToken: '' } satisfies AuthResponse);
};
