/** GET /volumes/{name}. */
import { json, type Operation } from '../api/call.ts';

export const volumeInspect: Operation = (engine, call) => json(engine.volumes.describe(engine.volumes.get(call.params.name)));
