/** GET /events: past events since a time, then new ones until a time or until the client goes. Reference: moby daemon/events. */
import { InvalidParameter } from '../../base/errors.ts';
import type { Operation } from '../api/call.ts';
import { Filters } from '../api/filters.ts';
import type { EventMessage } from '../api/types/system.ts';
import { parseTimestamp } from '../ids.ts';
import { matchesReference } from '../image/list.ts';

const encoder = new TextEncoder();

function matches(filters: Filters, event: EventMessage): boolean {
  const { ID, Attributes } = event.Actor;
  const named = (key: string, type: string): boolean => !filters.has(key) || (event.Type === type && (filters.fuzzy(key, ID) || (Attributes.name !== undefined && filters.exact(key, Attributes.name))));
  const image = !filters.has('image') || filters.get('image').some((i) => {
    const about = event.Type === 'image' ? [ID, Attributes.name ?? ''] : [Attributes.image ?? ''];
    return about.some((name) => name === i || (name.includes(':') ? name : `${name}:latest`) === (i.includes(':') ? i : `${i}:latest`) || matchesReference(i, name.includes(':') ? name : `${name}:latest`));
  });
  return filters.exact('type', event.Type)
    // `exec_start` matches `exec_start: sh -c …`, and health_status likewise.
    && (!filters.has('event') || filters.get('event').some((e) => e === event.Action || event.Action.startsWith(`${e}:`)))
    && filters.exact('scope', event.scope)
    && named('container', 'container') && named('volume', 'volume') && named('network', 'network') && named('daemon', 'daemon')
    && image && filters.labels('label', Attributes);
}

export const events: Operation = (engine, call) => {
  const filters = Filters.parse(call.query.text('filters')).accept('config', 'container', 'daemon', 'event', 'image', 'label', 'network', 'node', 'plugin', 'scope', 'secret', 'service', 'type', 'volume');
  const since = timeOf('since'), until = timeOf('until');
  if (since !== undefined && until !== undefined && until < since) throw new InvalidParameter('`since` time cannot be after `until` time');

  function timeOf(name: string): bigint | undefined {
    const given = call.query.text(name);
    const time = given === '0' ? 0n : parseTimestamp(given);
    if (time === undefined && given !== '') throw new InvalidParameter(`invalid ${name}: ${given}`);
    return time;
  }
  let close = (): void => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: EventMessage): void => { if (matches(filters, event)) controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`)); };
      let timer: ReturnType<typeof setTimeout> | undefined;
      const { past, stop } = engine.events.subscribe((event) => { if (until === undefined || BigInt(event.timeNano) <= until) send(event); });
      close = () => { stop(); clearTimeout(timer); };
      if (since !== undefined) for (const event of past) if (BigInt(event.timeNano) >= since && (until === undefined || BigInt(event.timeNano) <= until)) send(event);
      if (until === undefined) return;
      timer = setTimeout(() => { close(); controller.close(); }, Math.max(0, Number(until / 1_000_000n) - engine.clock.now()));
    },
    cancel() { close(); },
  });
  call.signal?.addEventListener('abort', () => close(), { once: true });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
};
