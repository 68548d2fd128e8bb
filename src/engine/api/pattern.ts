/** Path patterns as moby writes them: `/containers/{name}/json`; `{name:.*}` also matches slashes (image names). */

export type Match = (path: string) => Record<string, string> | undefined;

export function compilePattern(pattern: string): Match {
  const names: string[] = [];
  const source = pattern.split(/(\{[^}]*\})/).map((part) => {
    const variable = /^\{([a-z]+)(:\.\*)?\}$/.exec(part);
    if (!variable) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    names.push(variable[1]);
    return variable[2] ? '(.*)' : '([^/]+)';
  }).join('');
  const regex = new RegExp(`^${source}$`);
  return (path) => {
    const found = regex.exec(path);
    if (!found) return undefined;
    const out: Record<string, string> = {};
    for (let i = 0; i < names.length; i++) {
      try { out[names[i]] = decodeURIComponent(found[i + 1]); } catch { return undefined; }
    }
    return out;
  };
}
