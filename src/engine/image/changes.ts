/**
 * Dockerfile instructions as `docker commit -c` and `docker import -c` take them: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD,
 * STOPSIGNAL, USER, VOLUME, WORKDIR, HEALTHCHECK NONE. Reference: moby builder/dockerfile BuildFromConfig.
 */
import { InvalidParameter } from '../../base/errors.ts';
import type { ContainerDefaults } from '../../image/config.ts';

export function applyChanges(base: ContainerDefaults, changes: readonly string[]): ContainerDefaults {
  const config: ContainerDefaults = structuredClone(base);
  for (const change of changes.flatMap((c) => c.split('\n')).map((c) => c.trim()).filter((c) => c !== '')) applyChange(config, change);
  return config;
}

function applyChange(config: ContainerDefaults, change: string): void {
  const found = /^(\S+)\s*([\s\S]*)$/.exec(change)!;
  const instruction = found[1].toUpperCase(), rest = found[2].trim();
  if (rest === '') throw new InvalidParameter(`${instruction} requires at least one argument`);
  switch (instruction) {
    case 'CMD': config.Cmd = jsonOrShell(rest); break;
    case 'ENTRYPOINT': config.Entrypoint = jsonOrShell(rest); break;
    case 'ENV': for (const [key, value] of pairs(rest, instruction)) setEnv((config.Env ??= []), key, value); break;
    case 'LABEL': config.Labels = { ...config.Labels, ...Object.fromEntries(pairs(rest, instruction)) }; break;
    case 'EXPOSE': for (const port of rest.split(/\s+/)) config.ExposedPorts = { ...config.ExposedPorts, [port.includes('/') ? port : `${port}/tcp`]: {} }; break;
    case 'VOLUME': for (const path of rest.startsWith('[') ? jsonOrShell(rest) : rest.split(/\s+/)) config.Volumes = { ...config.Volumes, [path]: {} }; break;
    case 'USER': config.User = rest; break;
    case 'WORKDIR': config.WorkingDir = rest.startsWith('/') ? rest : `${config.WorkingDir ?? ''}/${rest}`; break;
    case 'STOPSIGNAL': config.StopSignal = rest; break;
    case 'ONBUILD': (config.OnBuild ??= []).push(rest); break;
    case 'HEALTHCHECK':
      if (rest.toUpperCase() === 'NONE') config.Healthcheck = { Test: ['NONE'] };
      else if (/^CMD\s/i.test(rest)) {
        const command = rest.slice(3).trim();
        config.Healthcheck = { Test: command.startsWith('[') ? ['CMD', ...jsonOrShell(command)] : ['CMD-SHELL', command] };
      } else throw new InvalidParameter(`HEALTHCHECK ${rest} is not supported in a change`);
      break;
    default: throw new InvalidParameter(`${instruction.toLowerCase()} is not a valid change command`);
  }
}

function jsonOrShell(text: string): string[] {
  if (text.startsWith('[')) {
    try {
      const value: unknown = JSON.parse(text);
      if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value;
    } catch { /* Not JSON: a shell command that starts with a bracket. */ }
  }
  return ['/bin/sh', '-c', text];
}

function setEnv(env: string[], key: string, value: string): void {
  const at = env.findIndex((e) => e.startsWith(`${key}=`));
  if (at >= 0) env[at] = `${key}=${value}`; else env.push(`${key}=${value}`);
}

/** `a=b c="d e"`, or the old `KEY the rest`. */
function pairs(text: string, instruction: string): [string, string][] {
  if (!/^[^\s=]+=/.test(text)) {
    const old = /^(\S+)\s+([\s\S]+)$/.exec(text);
    if (!old) throw new InvalidParameter(`${instruction} must have two arguments`);
    return [[old[1], old[2]]];
  }
  const words = text.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 0) throw new InvalidParameter(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    return [unquote(word.slice(0, at)), unquote(word.slice(at + 1))];
  });
}

function unquote(word: string): string {
  return word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_, double?: string, single?: string, escaped?: string) => (double !== undefined ? double.replace(/\\(["\\$])/g, '$1') : single ?? escaped ?? ''));
}
