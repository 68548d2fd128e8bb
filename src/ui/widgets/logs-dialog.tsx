/** The log of one container in a dialog: follows while it is open, stops following when the user scrolls up. */
import { X } from 'lucide-preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { EngineClient } from '../../client/engine-client.ts';
import { demultiplex } from '../../client/stdcopy.ts';
import { IconButton } from './icon-button.tsx';

const KEPT = 200_000;
const plain = (text: string): string => text.replace(/\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|.)/g, '').replace(/\r\n/g, '\n');

export function LogsDialog({ client, id, name, onClose }: { client: EngineClient; id: string; name: string; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null), output = useRef<HTMLPreElement>(null);
  const [text, setText] = useState('');

  useEffect(() => {
    dialog.current!.showModal();
    const aborter = new AbortController();
    const add = (bytes: Uint8Array): void => setText((t) => (t + plain(new TextDecoder().decode(bytes))).slice(-KEPT));
    void (async () => {
      const { Config } = await client.json<{ Config: { Tty: boolean } }>('GET', `/containers/${id}/json`);
      const { body } = await client.call('GET', `/containers/${id}/logs`, { query: { stdout: true, stderr: true, follow: true, tail: 1000 }, signal: aborter.signal });
      if (!(body instanceof ReadableStream)) { if (body) add(body); return; }
      if (Config.Tty) for await (const chunk of body) add(chunk); else for await (const { data } of demultiplex(body)) add(data);
    })().catch(() => undefined);
    return () => aborter.abort();
  }, [id]);

  useEffect(() => {
    const o = output.current!;
    if (o.scrollHeight - o.scrollTop - o.clientHeight < 80) o.scrollTop = o.scrollHeight;
  }, [text]);

  return (
    <dialog ref={dialog} class="logs" aria-label={`Logs of ${name}`} onClose={onClose}>
      <header><strong>Logs of {name}</strong><IconButton icon={X} label="Close" onClick={() => dialog.current!.close()} /></header>
      <pre ref={output} tabIndex={0}>{text}</pre>
    </dialog>
  );
}
