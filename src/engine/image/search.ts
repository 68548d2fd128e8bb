/** GET /images/search: Docker Hub's search has no counterpart in the registry protocol, and its API answers no page. */
import { NotImplemented } from '../../base/errors.ts';
import type { Operation } from '../api/call.ts';

export const imageSearch: Operation = () => { throw new NotImplemented('searching is not supported: registries have no search of their own, and Docker Hub answers it to its own site only'); };
