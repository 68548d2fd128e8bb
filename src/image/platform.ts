/** Platforms (OCI image-spec image-index.md): `os/architecture[/variant]`, normalised and matched as containerd does. */
import { InvalidParameter } from '../base/errors.ts';

export interface Platform { os: string; architecture: string; variant?: string }

const ARCHITECTURES: Record<string, string> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64', i386: '386', armhf: 'arm', armel: 'arm' };
const OSES = ['linux', 'windows', 'darwin', 'freebsd', 'wasi'];
const KNOWN = ['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64', 'mips64le', 'loong64', 'wasm', 'wasm32', 'wasm64'];
/** The highest x86-64 level that an image without better choice may ask for: what cpu/ implements. */
const AMD64_LEVEL = 2;

function normalise(platform: Platform): Platform {
  const architecture = ARCHITECTURES[platform.architecture.toLowerCase()] ?? platform.architecture.toLowerCase();
  let variant = platform.variant?.toLowerCase() || undefined;
  if (architecture === 'arm64' && (variant === '8' || variant === 'v8')) variant = undefined;
  if (architecture === 'amd64' && variant === 'v1') variant = undefined;
  if (architecture === 'arm') variant = variant === undefined ? 'v7' : /^[5-8]$/.test(variant) ? `v${variant}` : variant;
  return { os: platform.os.toLowerCase(), architecture, ...(variant !== undefined && { variant }) };
}

/** Parses `linux/amd64`, `arm64`, `linux/arm/v7`, `linux`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  const bad = new InvalidParameter(`"${text}": unknown operating system or architecture: invalid argument`);
  if (parts.length > 3 || parts.some((p) => !/^[A-Za-z0-9_.-]+$/.test(p))) throw bad;
  if (parts.length === 1) {
    if (OSES.includes(text.toLowerCase())) return normalise({ os: text, architecture: 'amd64' });
    const one = normalise({ os: 'linux', architecture: text });
    if (!KNOWN.includes(one.architecture)) throw bad;
    return one;
  }
  return normalise({ os: parts[0], architecture: parts[1], ...(parts[2] !== undefined && { variant: parts[2] }) });
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((p) => p !== undefined && p !== '').join('/');
}

/** How well `have` serves `want`: 0 not at all, higher is better. */
export function matchPlatform(want: Platform, have: Platform): number {
  const w = normalise(want), h = normalise(have);
  if (w.os !== h.os || w.architecture !== h.architecture) return 0;
  if (w.variant === h.variant) return 10;
  const level = (v: string | undefined): number => Number(/^v(\d+)$/.exec(v ?? '')?.[1] ?? (w.architecture === 'amd64' ? 1 : 8));
  const most = w.variant === undefined && w.architecture === 'amd64' ? AMD64_LEVEL : level(w.variant);
  if (Number.isNaN(level(h.variant)) || level(h.variant) > most) return 0;
  return level(h.variant);
}
