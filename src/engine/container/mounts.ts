/**
 * The mounts of a create request: --volumes-from, -v, --mount, --tmpfs and the image's VOLUMEs, in the order in which later ones win.
 * Reference: moby daemon/volumes.go registerMountPoints, volume/mounts.
 */
import { InvalidParameter, NotFound, NotImplemented } from '../../base/errors.ts';
import type { ContainerConfig, HostConfig, Mount } from '../api/types/container.ts';
import type { Engine } from '../engine.ts';
import { parseSize } from '../../base/units.ts';
import type { MountRecord } from './container.ts';

export interface MountPlan {
  records: MountRecord[];
  /** Volumes that were made for this container: to be removed again when create fails. */
  created: string[];
}

export async function planMounts(engine: Engine, config: ContainerConfig, host: HostConfig): Promise<MountPlan> {
  const planned = new Map<string, MountRecord>();
  const created: string[] = [];
  const add = (record: MountRecord): void => { planned.set(record.Destination, record); };

  for (const from of host.VolumesFrom ?? []) for (const record of volumesFrom(engine, from)) add(record);

  const explicit = new Set<string>();
  const once = (target: string): void => {
    if (explicit.has(target)) throw new InvalidParameter(`Duplicate mount point: ${target}`);
    explicit.add(target);
  };
  const volume = async (name: string, target: string, options: { readonly: boolean; mode: string; copyUp: boolean; labels?: Record<string, string> }): Promise<void> => {
    const { volume: found, fresh } = await engine.volumes.obtain(name, options.labels ?? {});
    if (fresh) created.push(found.name);
    add({
      Type: 'volume', Name: found.name, Source: engine.volumes.mountpoint(found), Destination: target, Driver: 'local', Mode: options.mode, RW: !options.readonly,
      Propagation: '', store: found.store, copyUp: options.copyUp, anonymous: name === '',
    });
  };

  for (const bind of host.Binds ?? []) {
    const { source, target, mode } = parseBind(bind);
    once(target);
    const flags = mode.split(',');
    if (source.startsWith('/')) add(bindMount(engine, source, target, { readonly: flags.includes('ro'), mode, create: true, propagation: flags.find((f) => /^r?(private|shared|slave)$/.test(f)) ?? 'rprivate' }));
    else await volume(source, target, { readonly: flags.includes('ro'), mode: mode || 'z', copyUp: !flags.includes('nocopy') });
  }
  for (const mount of host.Mounts ?? []) {
    const target = cleanTarget(mount.Target, mount.Type);
    once(target);
    if (mount.Type === 'volume') {
      checkVolumeMount(mount);
      await volume(mount.Source ?? '', target, { readonly: mount.ReadOnly === true, mode: mount.ReadOnly ? '' : 'z', copyUp: mount.VolumeOptions?.NoCopy !== true, labels: mount.VolumeOptions?.Labels });
    } else if (mount.Type === 'bind') {
      if (!mount.Source) throw new InvalidParameter('invalid mount config for type "bind": field Source must not be empty');
      if (!mount.Source.startsWith('/')) throw new InvalidParameter(`invalid mount config for type "bind": invalid mount path: '${mount.Source}' mount path must be absolute`);
      add(bindMount(engine, mount.Source, target, { readonly: mount.ReadOnly === true, mode: '', create: mount.BindOptions?.CreateMountpoint === true, propagation: mount.BindOptions?.Propagation || 'rprivate' }));
    } else if (mount.Type === 'tmpfs') {
      if (mount.Source) throw new InvalidParameter('invalid mount config for type "tmpfs": field Source must not be specified');
      const { SizeBytes, Mode, Options } = mount.TmpfsOptions ?? {};
      add({ Type: 'tmpfs', Source: '', Destination: target, Mode: '', RW: mount.ReadOnly !== true, Propagation: '', size: SizeBytes, mode: Mode, options: (Options ?? []).map((o) => o.join('=')) });
    } else if (['image', 'npipe', 'cluster'].includes(mount.Type)) {
      throw new NotImplemented(`invalid mount config for type "${mount.Type}": not supported here`);
    } else throw new InvalidParameter(`mount type unknown: "${mount.Type}"`);
  }
  for (const [path, options] of Object.entries(host.Tmpfs ?? {})) {
    const target = cleanTarget(path, 'tmpfs');
    once(target);
    add({ ...parseTmpfs(options), Destination: target });
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    const target = cleanTarget(path, 'volume');
    if (!planned.has(target)) await volume('', target, { readonly: false, mode: '', copyUp: true });
  }
  return { records: [...planned.values()], created };
}

function volumesFrom(engine: Engine, text: string): MountRecord[] {
  const [name, mode = ''] = text.split(':');
  if (name === '') throw new InvalidParameter(`invalid volumes-from specification: ${text}`);
  const other = engine.containers.find(name);
  if (!other) throw new NotFound(`No such container: ${name}`);
  if (mode !== '' && !['ro', 'rw', 'z', 'Z'].includes(mode)) throw new InvalidParameter(`invalid mode for volumes-from: ${mode}`);
  return other.record.mounts.filter((m) => m.Type !== 'tmpfs').map((m) => ({ ...m, Mode: mode, RW: m.RW && mode !== 'ro', anonymous: false }));
}

function parseBind(text: string): { source: string; target: string; mode: string } {
  const parts = text.split(':');
  const invalid = (): InvalidParameter => new InvalidParameter(`invalid volume specification: '${text}'`);
  if (parts.length > 3 || parts.some((p) => p === '')) throw invalid();
  if (parts.length === 1) throw invalid();
  const mode = parts[2] ?? '';
  for (const flag of mode === '' ? [] : mode.split(',')) {
    if (!/^(rw|ro|z|Z|nocopy|r?(private|shared|slave)|cached|delegated|consistent)$/.test(flag)) throw new InvalidParameter(`invalid mode: ${mode}`);
  }
  return { source: parts[0], target: cleanTarget(parts[1], 'bind'), mode };
}

function cleanTarget(target: string, type: string): string {
  if (!target) throw new InvalidParameter(`invalid mount config for type "${type}": field Target must not be empty`);
  if (!target.startsWith('/')) throw new InvalidParameter(`invalid mount config for type "${type}": invalid mount path: '${target}' mount path must be absolute`);
  const clean: string[] = [];
  for (const part of target.split('/')) {
    if (part === '..') clean.pop();
    else if (part !== '' && part !== '.') clean.push(part);
  }
  if (clean.length === 0) throw new InvalidParameter(`invalid mount config for type "${type}": invalid specification: destination can't be '/'`);
  return `/${clean.join('/')}`;
}

function checkVolumeMount(mount: Mount): void {
  const { DriverConfig, Subpath } = mount.VolumeOptions ?? {};
  if (DriverConfig?.Name && DriverConfig.Name !== 'local') throw new NotFound(`error looking up volume plugin ${DriverConfig.Name}: plugin "${DriverConfig.Name}" not found`);
  if (DriverConfig?.Options && Object.keys(DriverConfig.Options).length > 0) throw new NotImplemented('options of the local volume driver are not supported');
  if (Subpath) throw new NotImplemented('volume subpaths are not supported');
}

function bindMount(engine: Engine, source: string, target: string, options: { readonly: boolean; mode: string; create: boolean; propagation: string }): MountRecord {
  const { hostFs } = engine;
  if (!hostFs) throw new InvalidParameter(`cannot bind mount ${source}: a browser tab has no host directories; use a named volume, or docker cp`);
  try { hostFs.stat(source, true); } catch {
    if (!options.create) throw new InvalidParameter(`invalid mount config for type "bind": bind source path does not exist: ${source}`);
    makeDirectories(hostFs, source);
  }
  return { Type: 'bind', Source: source, Destination: target, Mode: options.mode, RW: !options.readonly, Propagation: options.propagation };
}

function makeDirectories(hostFs: NonNullable<Engine['hostFs']>, path: string): void {
  let at = '';
  for (const part of path.split('/').filter((p) => p !== '')) {
    at += `/${part}`;
    try { hostFs.stat(at, true); } catch { hostFs.mkdir(at, 0o755); }
  }
}

function parseTmpfs(text: string): MountRecord {
  const record: MountRecord = { Type: 'tmpfs', Source: '', Destination: '', Mode: text, RW: true, Propagation: '', options: [] };
  for (const option of text.split(',').filter((o) => o !== '')) {
    const [key, value] = option.split('=');
    if (key === 'size') {
      record.size = parseSize(value ?? '');
      if (record.size === undefined) throw new InvalidParameter(`invalid tmpfs option "${option}"`);
    } else if (key === 'mode' && /^[0-7]+$/.test(value ?? '')) record.mode = parseInt(value, 8);
    else if (key === 'ro') record.RW = false;
    else if (/^(rw|(no)?(exec|suid|dev|atime|diratime)|relatime|strictatime|sync|async|r?(private|shared|slave)|uid|gid|nr_inodes|nr_blocks|mpol|huge)$/.test(key)) record.options!.push(option);
    else throw new InvalidParameter(`invalid tmpfs option "${option}"`);
  }
  return record;
}
