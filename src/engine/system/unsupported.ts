/** What this engine is not: a swarm node, a plugin host, a builder. Real texts, so that clients show something useful. */
import { NotFound, NotImplemented, Unavailable } from '../../base/errors.ts';
import { json, type Operation } from '../api/call.ts';

export const swarm: Operation = () => {
  throw new Unavailable('This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.');
};
export const swarmChange: Operation = () => { throw new NotImplemented('swarm mode is not supported: this engine runs on one machine (or in one tab) only'); };

export const pluginList: Operation = () => json([]);
export const plugin: Operation = (_engine, call) => { throw new NotFound(`plugin "${call.params.name}" not found`); };
export const pluginChange: Operation = () => { throw new NotImplemented('plugins are not supported'); };

export const build: Operation = () => { throw new NotImplemented('docker build is not supported yet: build the image elsewhere, then docker load or docker pull it'); };
export const buildPrune: Operation = () => json({ CachesDeleted: null, SpaceReclaimed: 0 });
export const session: Operation = () => { throw new NotImplemented('BuildKit sessions are not supported: set DOCKER_BUILDKIT=0'); };
export const checkpoint: Operation = () => { throw new NotImplemented('checkpoints are not supported'); };
