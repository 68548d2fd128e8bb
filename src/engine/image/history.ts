/** GET /images/{name}/history. */
import { json, type Operation } from '../api/call.ts';

export const imageHistory: Operation = (engine, call) => json(engine.images.history(call.params.name));
