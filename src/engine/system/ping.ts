/** GET, HEAD /_ping: what a client asks first. The headers tell the API version and the builder. */
import { text, type Operation } from '../api/call.ts';
import { API_VERSION } from '../version.ts';

export const ping: Operation = (_engine, call) => {
  const answer = text(200, 'OK', {
    'api-version': API_VERSION, 'builder-version': '1', 'cache-control': 'no-cache, no-store, must-revalidate', pragma: 'no-cache', swarm: 'inactive',
  });
  return call.request.method === 'HEAD' ? { ...answer, body: undefined, headers: { ...answer.headers, 'content-length': '0' } } : answer;
};
