/** Serves the demo images (OCI layouts below .cache/images) at /images/NAME/…, the app's built-in mirror of Docker Hub. */
import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';

/** Connect-style middleware over the given folder. */
export function demoImages(folder: string): (request: IncomingMessage, response: ServerResponse, next: () => void) => void {
  return (request, response, next) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (!path.startsWith('/images/') || (request.method !== 'GET' && request.method !== 'HEAD')) { next(); return; }
    const file = normalize(join(folder, decodeURIComponent(path.slice('/images/'.length))));
    const size = file.startsWith(join(folder, '/')) ? fileSize(file) : undefined;
    if (size === undefined) { response.writeHead(404, { 'content-type': 'text/plain' }).end('no such demo image'); return; }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = range ? Number(range[1]) : 0, end = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
    if (start > 0 && start >= size) { response.writeHead(416, { 'content-range': `bytes */${size}` }).end(); return; }
    response.writeHead(range ? 206 : 200, {
      'content-type': file.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      'content-length': end - start + 1, 'accept-ranges': 'bytes', 'access-control-allow-origin': '*',
      'cache-control': file.includes('/blobs/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    });
    if (request.method === 'HEAD' || size === 0) response.end(); else createReadStream(file, { start, end }).pipe(response);
  };
}

function fileSize(file: string): number | undefined {
  try {
    const found = statSync(file);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}
