/** Container events carry the labels, the image and the name as attributes. */
import type { Engine } from '../engine.ts';
import type { Container } from './container.ts';

export function emitContainer(engine: Engine, container: Container, action: string, attributes: Record<string, string> = {}): void {
  const { config, name } = container.record;
  engine.events.emit('container', action, container.id, { ...config.Labels, ...attributes, image: config.Image, name });
}
