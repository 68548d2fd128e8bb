/** --cap-add, --cap-drop and --privileged. Reference: moby oci/caps. */
import { ALL_CAPS, DOCKER_CAPS, capSet, capabilityNames, type CapSet } from '../../abi/capability.ts';
import { InvalidParameter } from '../../base/errors.ts';
import type { HostConfig } from '../api/types/container.ts';

function normalize(kind: 'CapAdd' | 'CapDrop', names: readonly string[] | null): string[] {
  return (names ?? []).map((given) => {
    const upper = given.toUpperCase();
    if (upper === 'ALL') return 'ALL';
    const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!capabilityNames.includes(name)) throw new InvalidParameter(`invalid ${kind}: unknown capability: "${name}"`);
    return name;
  });
}

/** Names as Docker stores them: `CAP_NET_ADMIN`, or `ALL`. */
export function normalizeCapabilities(host: HostConfig): void {
  if (host.CapAdd) host.CapAdd = normalize('CapAdd', host.CapAdd);
  if (host.CapDrop) host.CapDrop = normalize('CapDrop', host.CapDrop);
}

export function capabilitiesOf(host: HostConfig): string[] {
  const add = normalize('CapAdd', host.CapAdd), drop = normalize('CapDrop', host.CapDrop);
  let set: CapSet;
  if (host.Privileged) set = ALL_CAPS;
  else if (add.includes('ALL')) set = ALL_CAPS & ~capSet(drop);
  else if (drop.includes('ALL')) set = capSet(add);
  else set = (DOCKER_CAPS & ~capSet(drop)) | capSet(add);
  return capabilityNames.filter((_, n) => (set >> BigInt(n)) & 1n);
}
