/**
 * Builds the demo images into .cache/images/NAME (OCI layouts, served by the app as a mirror of Docker Hub's library/).
 * An image is rebuilt only when its recipe changed. Where apt is missing, says which images could not be made and goes on.
 *
 *   node scripts/images/build.mjs [NAME...]
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptInstall, has } from '../apt.mjs';
import { busybox, debian, python } from './debian.mjs';
import { helloWorld } from './hello.mjs';
import { writeLayout } from './oci.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../../.cache/images');
const recipes = { 'hello-world': { make: helloWorld, needs: [] }, busybox: { make: busybox, needs: ['apt-get', 'dpkg-deb'] }, debian: { make: debian, needs: ['mmdebstrap'] }, python: { make: python, needs: ['mmdebstrap'] } };

const recipe = createHash('sha256');
for (const file of readdirSync(here).sort()) if (file !== 'build.mjs') recipe.update(readFileSync(join(here, file)));
const stamp = recipe.digest('hex');

/** Builds what is missing or stale. @param {string[]} names @returns {Record<string, string>} why an image is lacking, by name */
export function buildImages(names = Object.keys(recipes)) {
  mkdirSync(out, { recursive: true });
  const lacking = {};
  for (const name of names) {
    const { make, needs } = recipes[name], stampFile = join(out, name, 'recipe');
    if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) continue;
    try {
      const missing = needs.filter((command) => !has(command));
      if (missing.length > 0) aptInstall(missing);
      process.stderr.write(`building image ${name} …\n`);
      writeLayout(join(out, name), make());
      writeFileSync(stampFile, stamp);
    } catch (error) {
      lacking[name] = String(error.stderr ?? '').trim().split('\n').pop() || error.message;
    }
  }
  return lacking;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const names = process.argv.slice(2);
  const lacking = buildImages(names.length > 0 ? names : undefined);
  for (const [name, why] of Object.entries(lacking)) console.error(`image ${name} is lacking: ${why}`);
  process.exitCode = Object.keys(lacking).length > 0 ? 1 : 0;
}
