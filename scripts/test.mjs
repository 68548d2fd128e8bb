/**
 * `npm test`: type checks, then every test project (unit, e2e with the real docker client, real Chromium). Installs from
 * Debian what they need; elsewhere says what is missing and which tests that leaves out.
 */
import { execFileSync } from 'node:child_process';
import { aptInstall, has } from './apt.mjs';
import { buildImages } from './images/build.mjs';

const tools = { gcc: 'gcc libc6-dev', objdump: 'binutils', chromium: 'chromium', skopeo: 'skopeo', 'docker-registry': 'docker-registry', htpasswd: 'apache2-utils', zstd: 'zstd', python3: 'python3' };
for (const [command, packages] of Object.entries(tools)) {
  if (has(command)) continue;
  try { aptInstall(packages.split(' ')); } catch (error) { console.error(`tests that need ${command} will fail: ${error.message}`); }
}
for (const [name, why] of Object.entries(buildImages())) console.error(`image ${name} is lacking: ${why}`);

/** The docker client is no package of Debian's at the version whose texts the tests know; they run where it is installed. */
function dockerClient() {
  try { return execFileSync('docker', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString().match(/version (\d+)/)?.[1]; } catch { return undefined; }
}
const projects = ['unit', 'browser'];
if (Number(dockerClient()) >= 28) projects.splice(1, 0, 'e2e');
else console.error('the tests with the real docker client are left out: they need docker 28 or later on the PATH');

const run = (command, args) => execFileSync(command, args, { stdio: 'inherit' });
try {
  run(process.execPath, ['scripts/check.mjs']);
  run('npm', ['run', '--silent', 'build:node']);
  run('npm', ['run', '--silent', 'build']);
  run('node_modules/.bin/vitest', ['run', ...projects.flatMap((p) => ['--project', p]), ...process.argv.slice(2)]);
} catch (error) {
  process.exitCode = error.status ?? 1;
}
