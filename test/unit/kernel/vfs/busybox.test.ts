/** A shell script full of file work, run by this machine's static busybox natively and in a guest: the same words must come out. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import { Guest } from '../../../support/run-guest.ts';

const BUSYBOX = '/bin/busybox';
const SCRIPT = `
cd "$1" && umask 022 && mkdir -p a/b/c d && cd a
echo one > f; echo two >> f; cat f; wc -c < f
ln f hard; ln -s ../a/f soft; ln -s nowhere dangling; ls -1; readlink soft
stat -c '%n %s %h %a %F' f hard soft; stat -c '%n %h %a %F' b
mv f b/moved; cat hard soft 2>&1; ls b
cp -a b copy; cp -r copy copy2; find . | sort
dd if=/dev/zero of=big bs=1000 count=100 2>/dev/null; printf x | dd of=big bs=1 seek=50000 conv=notrunc 2>/dev/null
md5sum big; truncate -s 60000 big; md5sum big; stat -c %s big; tail -c 10001 big | head -c 2 | od -c
sed -i s/two/three/ b/moved; cat b/moved
tar cf ../t.tar . && mkdir ../x && tar xf ../t.tar -C ../x && (cd ../x && find . -type f | sort | xargs md5sum)
chmod 640 b/moved; chmod u+s,g+w big; ls -l b/moved big | cut -c1-10
touch -d '2020-01-02 03:04:05' old; stat -c %Y old; test old -ot big && echo older
for i in 1 2 3 4 5 6 7 8 9; do echo $i > n$i; done; cat n*; rm n[1-5]; ls | tr '\\n' ' '; echo
rmdir b; rm -r copy copy2 && ls; mkdir b 2>&1; cat b; rm f; echo done > b 2>&1
exec 3<>rw; echo hello >&3; rm rw; cat /proc/self/fd/3 2>/dev/null; exec 3>&-
mkfifo p; (echo through > p &) ; cat p
cat nothing; ls -d /nothing/x; pwd | sed "s#$1##"
(flock 9; echo locked; flock -n -x 8 8>lock || echo busy) 9>lock
sort -r big | head -c 3 | od -c; find . -newer old -name 'b*' | sort; cmp b/moved ../x/b/moved && echo same
rm -rf "$1"/*; ls -A "$1"
`;

it.skipIf(!fs.existsSync(BUSYBOX))('a script of file work', async () => {
  const here = fs.mkdtempSync(path.join(os.tmpdir(), 'drydock-sh-')), tools = fs.mkdtempSync(path.join(os.tmpdir(), 'drydock-bin-'));
  const applets = execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).trim().split('\n'), env = { PATH: tools };
  let native: string;
  try {
    for (const name of applets) fs.symlinkSync(BUSYBOX, path.join(tools, name));
    native = execFileSync(BUSYBOX, ['sh', '-c', `exec 2>&1; ${SCRIPT}`, 'sh', here], { encoding: 'utf8', env });
  } finally {
    fs.rmSync(here, { recursive: true, force: true });
    fs.rmSync(tools, { recursive: true, force: true });
  }
  const guest = new Guest({ files: { [BUSYBOX]: { host: BUSYBOX } } }), { vfs, namespace } = guest.kernel;
  const bin = guest.directory(tools);
  for (const name of applets) bin.symlink(name, BUSYBOX, { uid: 0, gid: 0 });
  guest.directory(here);
  guest.directory('/proc');
  namespace!.attach(vfs.mount(vfs.create('proc', { source: 'proc', flags: 0, data: '' }), 'proc'), { mount: namespace!.root, dentry: namespace!.root.root.lookup('proc')! });
  const result = await guest.run([BUSYBOX, 'sh', '-c', `exec 2>&1; ${SCRIPT}`, 'sh', here], { env: [`PATH=${tools}`], timeout: 25_000 });
  expect(result.stderr).toBe('');
  expect(result.stdout.split('\n')).toEqual(native.split('\n'));
  expect(guest.logged.filter((l) => l.includes('unimplemented'))).toEqual([]);
}, 40_000);
