/**
 * The event log behind GET /events: the last 256 events and whoever listens. Reference: moby daemon/events.
 */
import type { Clock } from '../host/ports.ts';
import type { EventMessage, EventType } from './api/types/system.ts';
import { nanoseconds } from './ids.ts';

const KEPT = 256;

export type EventListener = (event: EventMessage) => void;

export class Events {
  private readonly past: EventMessage[] = [];
  private readonly listeners = new Set<EventListener>();
  private last = 0n;

  constructor(private readonly clock: Clock) {}

  get listenerCount(): number { return this.listeners.size; }

  emit(type: EventType, action: string, id: string, attributes: Record<string, string>): void {
    let now = nanoseconds(this.clock);
    if (now <= this.last) now = this.last + 1n;
    this.last = now;
    const event: EventMessage = {
      Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: 'local',
      time: Number(now / 1_000_000_000n), timeNano: Number(now),
    };
    if (type === 'container' || type === 'image') {
      event.status = action;
      event.id = id;
      if (type === 'container' && attributes.image) event.from = attributes.image;
    }
    this.past.push(event);
    if (this.past.length > KEPT) this.past.shift();
    for (const listener of this.listeners) listener(event);
  }

  /** The kept events, oldest first; from then on `listener` gets each new one until the returned function is called. */
  subscribe(listener: EventListener): { past: EventMessage[]; stop: () => void } {
    this.listeners.add(listener);
    return { past: [...this.past], stop: () => { this.listeners.delete(listener); } };
  }
}
