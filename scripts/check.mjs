/** Type-checks every layer group with the globals it may use: core without DOM and Node, browser, Node. */
import { execFileSync } from 'node:child_process';

let failed = false;
for (const group of ['core', 'browser', 'node']) {
  try {
    execFileSync('node_modules/.bin/tsc', ['-p', `tsconfig.${group}.json`], { stdio: 'inherit' });
    console.log(`types of ${group}: ok`);
  } catch {
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
