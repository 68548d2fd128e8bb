/**
 * Every endpoint of the Docker Engine API that this engine answers: one row each. Patterns are moby's (daemon/server/router);
 * the operation is the one file that implements it.
 */
import { containerExport, containerGetArchive, containerPutArchive, containerStatPath } from '../container/archive.ts';
import { containerAttach } from '../container/attach.ts';
import { containerChanges } from '../container/changes.ts';
import { containerCommit } from '../container/commit.ts';
import { containerCreate } from '../container/create.ts';
import { containerInspect } from '../container/inspect.ts';
import { containerKill } from '../container/kill.ts';
import { containerList } from '../container/list.ts';
import { containerLogs } from '../container/logs.ts';
import { containerPause } from '../container/pause.ts';
import { containersPrune } from '../container/prune.ts';
import { containerRemove } from '../container/remove.ts';
import { containerRename } from '../container/rename.ts';
import { containerResize } from '../container/resize.ts';
import { containerRestart } from '../container/restart.ts';
import { containerStart } from '../container/start.ts';
import { containerStats } from '../container/stats.ts';
import { containerStop } from '../container/stop.ts';
import { containerTop } from '../container/top.ts';
import { containerUnpause } from '../container/unpause.ts';
import { containerUpdate } from '../container/update.ts';
import { containerWait } from '../container/wait.ts';
import { execCreate } from '../exec/create.ts';
import { execInspect } from '../exec/inspect.ts';
import { execResize } from '../exec/resize.ts';
import { execStart } from '../exec/start.ts';
import { distributionInspect } from '../image/distribution.ts';
import { imageHistory } from '../image/history.ts';
import { imageInspect } from '../image/inspect.ts';
import { imageList } from '../image/list.ts';
import { imageLoad } from '../image/load.ts';
import { imagesPrune } from '../image/prune.ts';
import { imageCreate } from '../image/pull.ts';
import { imagePush } from '../image/push.ts';
import { imageRemove } from '../image/remove.ts';
import { imageSave } from '../image/save.ts';
import { imageSearch } from '../image/search.ts';
import { imageTag } from '../image/tag.ts';
import { networkConnect, networkCreate, networkDisconnect, networkRemove, networksPrune } from '../network/change.ts';
import { networkInspect } from '../network/inspect.ts';
import { networkList } from '../network/list.ts';
import { auth } from '../system/auth.ts';
import { diskUsage } from '../system/df.ts';
import { events } from '../system/events.ts';
import { info } from '../system/info.ts';
import { ping } from '../system/ping.ts';
import { build, buildPrune, checkpoint, plugin, pluginChange, pluginList, session, swarm, swarmChange } from '../system/unsupported.ts';
import { version } from '../system/version.ts';
import { volumeCreate } from '../volume/create.ts';
import { volumeInspect } from '../volume/inspect.ts';
import { volumeList } from '../volume/list.ts';
import { volumesPrune } from '../volume/prune.ts';
import { volumeRemove } from '../volume/remove.ts';
import type { Operation } from './call.ts';
import type { EngineRequest } from './message.ts';

export interface Route {
  method: EngineRequest['method'];
  pattern: string;
  operation: Operation;
  /** False: the endpoint answers with a refusal that says why. */
  supported: boolean;
}

const route = (method: Route['method'], pattern: string, operation: Operation): Route => ({ method, pattern, operation, supported: true });
const refused = (method: Route['method'], pattern: string, operation: Operation): Route => ({ method, pattern, operation, supported: false });

export const ROUTES: readonly Route[] = [
  route('HEAD', '/_ping', ping),
  route('GET', '/_ping', ping),
  route('GET', '/version', version),
  route('GET', '/info', info),
  route('GET', '/events', events),
  route('GET', '/system/df', diskUsage),
  route('POST', '/auth', auth),

  route('GET', '/containers/json', containerList),
  route('POST', '/containers/create', containerCreate),
  route('POST', '/containers/prune', containersPrune),
  route('GET', '/containers/{name}/json', containerInspect),
  route('GET', '/containers/{name}/top', containerTop),
  route('GET', '/containers/{name}/logs', containerLogs),
  route('GET', '/containers/{name}/changes', containerChanges),
  route('GET', '/containers/{name}/export', containerExport),
  route('GET', '/containers/{name}/stats', containerStats),
  route('POST', '/containers/{name}/attach', containerAttach),
  route('POST', '/containers/{name}/exec', execCreate),
  route('POST', '/containers/{name}/kill', containerKill),
  route('POST', '/containers/{name}/pause', containerPause),
  route('POST', '/containers/{name}/rename', containerRename),
  route('POST', '/containers/{name}/resize', containerResize),
  route('POST', '/containers/{name}/restart', containerRestart),
  route('POST', '/containers/{name}/start', containerStart),
  route('POST', '/containers/{name}/stop', containerStop),
  route('POST', '/containers/{name}/unpause', containerUnpause),
  route('POST', '/containers/{name}/update', containerUpdate),
  route('POST', '/containers/{name}/wait', containerWait),
  route('HEAD', '/containers/{name}/archive', containerStatPath),
  route('GET', '/containers/{name}/archive', containerGetArchive),
  route('PUT', '/containers/{name}/archive', containerPutArchive),
  route('DELETE', '/containers/{name}', containerRemove),
  route('POST', '/commit', containerCommit),
  refused('GET', '/containers/{name}/checkpoints', checkpoint),
  refused('POST', '/containers/{name}/checkpoints', checkpoint),
  refused('DELETE', '/containers/{name}/checkpoints/{checkpoint}', checkpoint),

  route('POST', '/exec/{name}/start', execStart),
  route('POST', '/exec/{name}/resize', execResize),
  route('GET', '/exec/{name}/json', execInspect),

  route('GET', '/images/json', imageList),
  route('POST', '/images/create', imageCreate),
  route('POST', '/images/load', imageLoad),
  route('POST', '/images/prune', imagesPrune),
  route('GET', '/images/get', imageSave),
  refused('GET', '/images/search', imageSearch),
  route('GET', '/images/{name:.*}/get', imageSave),
  route('GET', '/images/{name:.*}/json', imageInspect),
  route('GET', '/images/{name:.*}/history', imageHistory),
  route('POST', '/images/{name:.*}/push', imagePush),
  route('POST', '/images/{name:.*}/tag', imageTag),
  route('DELETE', '/images/{name:.*}', imageRemove),
  route('GET', '/distribution/{name:.*}/json', distributionInspect),
  refused('POST', '/build', build),
  route('POST', '/build/prune', buildPrune),
  refused('POST', '/build/cancel', build),
  refused('POST', '/session', session),
  refused('POST', '/grpc', session),

  route('GET', '/volumes', volumeList),
  route('POST', '/volumes/create', volumeCreate),
  route('POST', '/volumes/prune', volumesPrune),
  route('GET', '/volumes/{name:.*}', volumeInspect),
  refused('PUT', '/volumes/{name:.*}', swarm),
  route('DELETE', '/volumes/{name:.*}', volumeRemove),

  route('GET', '/networks', networkList),
  route('GET', '/networks/', networkList),
  refused('POST', '/networks/create', networkCreate),
  route('POST', '/networks/prune', networksPrune),
  refused('POST', '/networks/{id:.*}/connect', networkConnect),
  refused('POST', '/networks/{id:.*}/disconnect', networkDisconnect),
  route('GET', '/networks/{id:.*}', networkInspect),
  route('DELETE', '/networks/{id:.*}', networkRemove),

  route('GET', '/plugins', pluginList),
  refused('GET', '/plugins/privileges', pluginChange),
  refused('POST', '/plugins/pull', pluginChange),
  refused('POST', '/plugins/create', pluginChange),
  refused('GET', '/plugins/{name:.*}/json', plugin),
  refused('DELETE', '/plugins/{name:.*}', plugin),
  refused('POST', '/plugins/{name:.*}/enable', plugin),
  refused('POST', '/plugins/{name:.*}/disable', plugin),
  refused('POST', '/plugins/{name:.*}/upgrade', plugin),
  refused('POST', '/plugins/{name:.*}/push', plugin),
  refused('POST', '/plugins/{name:.*}/set', plugin),

  refused('POST', '/swarm/init', swarmChange),
  refused('POST', '/swarm/join', swarmChange),
  refused('POST', '/swarm/leave', swarm),
  refused('POST', '/swarm/update', swarm),
  refused('POST', '/swarm/unlock', swarm),
  ...['/swarm', '/swarm/unlockkey', '/nodes', '/nodes/{id}', '/services', '/services/{id}', '/services/{id}/logs', '/tasks', '/tasks/{id}', '/tasks/{id}/logs', '/secrets', '/secrets/{id}', '/configs', '/configs/{id}'].map((p) => refused('GET', p, swarm)),
  ...['/nodes/{id}/update', '/services/create', '/services/{id}/update', '/secrets/create', '/secrets/{id}/update', '/configs/create', '/configs/{id}/update'].map((p) => refused('POST', p, swarm)),
  ...['/nodes/{id}', '/services/{id}', '/secrets/{id}', '/configs/{id}'].map((p) => refused('DELETE', p, swarm)),
];
