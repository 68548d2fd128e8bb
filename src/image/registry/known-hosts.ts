/**
 * Registries whose answers a page cannot read in full: where their API really is, and the token service that their
 * WWW-Authenticate header would name (it is not exposed to scripts across origins). Data only; any other registry works
 * from its own answers.
 */
export interface KnownHost { api?: string; realm?: string; service?: string }

export const KNOWN_HOSTS: Record<string, KnownHost> = {
  'docker.io': { api: 'registry-1.docker.io', realm: 'https://auth.docker.io/token', service: 'registry.docker.io' },
  'ghcr.io': { realm: 'https://ghcr.io/token', service: 'ghcr.io' },
  'quay.io': { realm: 'https://quay.io/v2/auth', service: 'quay.io' },
  'gcr.io': { realm: 'https://gcr.io/v2/token', service: 'gcr.io' },
  'registry.k8s.io': {},
  'mcr.microsoft.com': {},
  'public.ecr.aws': { realm: 'https://public.ecr.aws/token/', service: 'public.ecr.aws' },
  'registry.gitlab.com': { realm: 'https://gitlab.com/jwt/auth', service: 'container_registry' },
  'docker.elastic.co': { realm: 'https://docker-auth.elastic.co/auth', service: 'token-service' },
};
