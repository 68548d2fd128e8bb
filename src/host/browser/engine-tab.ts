/**
 * Which tab hosts the engine: one per origin, decided by a Web Lock. The hosting tab starts the engine worker and connects
 * to it; when another tab takes over (the user asked for it there), the worker here is ended.
 */
import { connectEngine, type EngineTransport } from '../../protocol/engine-port.ts';

const LOCK = 'drydock-engine';

export interface EngineTab {
  transport: EngineTransport;
  /** Resolves when another tab has taken the engine over. */
  lost: Promise<void>;
}

/** @param steal take the engine from the tab that has it @returns undefined when another tab has it */
export function hostEngine(startWorker: () => Worker, steal = false): Promise<EngineTab | undefined> {
  return new Promise((resolve, reject) => {
    let lose!: () => void;
    const lost = new Promise<void>((r) => { lose = r; });
    let worker: Worker | undefined;
    const hold = async (lock: Lock | null): Promise<void> => {
      if (!lock) { resolve(undefined); return; }
      worker = startWorker();
      const channel = new MessageChannel();
      worker.addEventListener('error', (e) => reject(new Error(e.message || 'the engine worker did not start')));
      worker.postMessage({ connect: channel.port2 }, [channel.port2]);
      resolve({ transport: connectEngine(channel.port1), lost });
      await new Promise<never>(() => undefined);
    };
    navigator.locks.request(LOCK, steal ? { steal: true } : { ifAvailable: true }, hold).catch(() => {
      worker?.terminate();
      lose();
    });
  });
}
