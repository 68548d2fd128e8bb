/** Installing what scripts need from Debian. Without apt or without root the error says what to install by hand. */
import { execFileSync } from 'node:child_process';

/** Whether a command is on the PATH. @param {string} command */
export function has(command) {
  try { execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }); return true; } catch { return false; }
}

let updated = false;

/** @param {string[]} packages */
export function aptInstall(packages) {
  const list = packages.join(' ');
  if (!has('apt-get')) throw new Error(`needs the Debian packages ${list}; this system has no apt-get`);
  if (process.getuid?.() !== 0) throw new Error(`needs the Debian packages ${list}; install them (apt-get install ${list}) or run as root`);
  const apt = (...args) => execFileSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  process.stderr.write(`installing ${list} …\n`);
  if (!updated) { apt('update'); updated = true; }
  apt('install', '-y', '--no-install-recommends', ...packages);
}
