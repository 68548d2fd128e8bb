/**
 * POST /containers/{name}/wait. The head goes out at once, so that a client knows it is waiting before it starts the
 * container; the body comes at the end. Reference: moby container_routes.go postContainersWait.
 */
import { InvalidParameter } from '../../base/errors.ts';
import type { Operation } from '../api/call.ts';
import type { WaitCondition } from './container.ts';

const CONDITIONS: readonly string[] = ['not-running', 'next-exit', 'removed'];

export const containerWait: Operation = (engine, call) => {
  const asked = call.query.text('condition') || 'not-running';
  if (!CONDITIONS.includes(asked)) throw new InvalidParameter(`invalid condition: "${asked}"`);
  const answer = engine.containers.get(call.params.name).wait(asked as WaitCondition);
  let gone = false;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const bytes = new TextEncoder().encode(`${JSON.stringify(await answer)}\n`);
      if (gone) return;
      controller.enqueue(bytes);
      controller.close();
    },
    cancel() { gone = true; },
  });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
};
