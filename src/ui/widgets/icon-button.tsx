/** A button that is an icon; the label is its accessible name and its tooltip. */
import type { LucideIcon } from 'lucide-preact';

export function IconButton({ icon: Icon, label, onClick, danger = false }: { icon: LucideIcon; label: string; onClick: () => void; danger?: boolean }) {
  return <button type="button" class={danger ? 'icon danger' : 'icon'} title={label} aria-label={label} onClick={onClick}><Icon size={16} aria-hidden="true" /></button>;
}
