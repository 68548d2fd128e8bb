/** The main job in real Chromium: demo images, an interactive Debian shell, python, what survives a reload, and a page that never blocks. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { Browser, docker, screen, serveApp, type, waitForScreen, type App } from '../support/chromium.ts';

let app: App, browser: Browser, page: Page;
beforeAll(async () => {
  app = await serveApp();
  browser = await Browser.launch();
  page = await browser.open(app.url);
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
});

describe('commands of the page', () => {
  it('runs hello-world as if pulled from Docker Hub', async () => {
    const { exitCode, stdout, stderr } = await docker(page, 'docker run --rm hello-world');
    expect(stderr).toContain("Unable to find image 'hello-world:latest' locally");
    expect(stderr).toContain('Status: Downloaded newer image for hello-world:latest');
    expect(stdout).toContain('Hello from Drydock!');
    expect(exitCode).toBe(0);
  });

  it('runs busybox applets', async () => {
    const { exitCode, stdout } = await docker(page, "docker run --rm busybox sh -c 'uname -sm; id; ls /; ps'");
    expect(stdout).toMatch(/^Linux x86_64\nuid=0\(root\) gid=0\(root\)/);
    expect(stdout).toMatch(/\nbin\ndev\netc\nhome\nlib\nproc\nroot\nsbin\nsys\ntmp\nusr\nvar\n/);
    expect(stdout).toMatch(/\n +1 root .* sh -c/);
    expect(exitCode).toBe(0);
  });

  it('prints what native python prints', async () => {
    const program = 'import json,hashlib,sqlite3,decimal; c=sqlite3.connect(":memory:"); print(json.dumps({"a":[1,2.5,None]}), hashlib.sha256(b"x").hexdigest(), c.execute("select sqrt(2)*3, upper(?)", ("abc",)).fetchone(), decimal.Decimal(1)/7, 2**200, 0.1+0.2)'.replace('sqrt(2)*3', '1.5*3');
    const native = execFileSync('python3', ['-c', program]).toString();
    const { exitCode, stdout, stderr } = await docker(page, `docker run --rm python python3 -c '${program}'`);
    expect(stdout, stderr).toBe(native);
    expect(exitCode).toBe(0);
  });

  it('gives exit codes and error texts of Docker', async () => {
    expect((await docker(page, "docker run --rm busybox sh -c 'exit 7'")).exitCode).toBe(7);
    const missing = await docker(page, 'docker run --rm busybox nothere');
    expect(missing.exitCode).toBe(127);
    expect(missing.stderr).toContain('exec: "nothere": executable file not found in $PATH');
  });
});

describe('the terminal', () => {
  it('gives a Debian shell', async () => {
    await type(page, 'docker run -it debian bash\n');
    await waitForScreen(page, /root@[0-9a-f]{12}:\/#$/);
    await type(page, 'apt list --installed 2>/dev/null | wc -l\n');
    await waitForScreen(page, /\n\d{2,3}\nroot@/);
    await type(page, `perl -e 'print 2**64,"\\n"'\n`);
    await waitForScreen(page, /1\.84467440737096e\+19/);
    await type(page, 'seq 1 1000 | grep 7 | sort -rn | head -n 2 | tr "\\n" ,\n');
    await waitForScreen(page, /997,987,root@/);
    await type(page, 'sleep 1000\n');
    await waitForScreen(page, /sleep 1000$/);
    await page.keyboard.press('Control+c');
    await waitForScreen(page, /\^C\n+root@[0-9a-f]{12}:\/#$/);
    await type(page, 'exit 3\n');
    await waitForScreen(page, /\[3\] \$$/);
  });

  it('completes and recalls', async () => {
    await type(page, 'docker ima');
    await page.keyboard.press('Tab');
    await waitForScreen(page, /docker image/);
    await page.keyboard.press('Control+u');
    await page.keyboard.press('ArrowUp');
    await waitForScreen(page, /docker run -it debian bash$/);
    await page.keyboard.press('Control+u');
  });
});

describe('state', () => {
  it('survives a reload: images, a stopped container with a changed file, a volume and its data', async () => {
    expect((await docker(page, "docker run --name keeper -v data:/data busybox sh -c 'echo kept > /changed; echo volume > /data/file'")).exitCode).toBe(0);
    await page.close();
    page = await browser.open(app.url);
    expect((await docker(page, 'docker images --format {{.Repository}}')).stdout).toContain('busybox');
    expect((await docker(page, 'docker ps -a --filter name=keeper --format {{.Status}}')).stdout).toMatch(/^Exited \(0\)/);
    expect((await docker(page, 'docker diff keeper')).stdout).toContain('A /changed');
    expect((await docker(page, 'docker run --rm -v data:/data busybox cat /data/file')).stdout).toBe('volume\n');
    expect((await docker(page, 'docker volume ls -q')).stdout).toContain('data\n');
  });

  it('keeps what was synced when the tab is killed in the middle of writing, and tears nothing', async () => {
    await docker(page, "docker run -d --name writer -v wal:/wal busybox sh -c 'i=0; while true; do i=$((i+1)); echo $i $i > /wal/new; sync; mv /wal/new /wal/last; done'");
    await page.waitForTimeout(3000);
    await page.goto('about:blank');
    await page.close();
    page = await browser.open(app.url);
    const { stdout } = await docker(page, 'docker run --rm -v wal:/wal busybox cat /wal/last');
    expect(stdout).toMatch(/^(\d+) \1\n$/);
    expect((await docker(page, 'docker rm -f writer')).exitCode).toBe(0);
  });

  it('a page killed in a pull resumes it later', async () => {
    await docker(page, 'docker rmi -f debian python');
    await page.evaluate(() => void window.drydock.docker('docker pull debian'));
    await page.waitForTimeout(300);
    await page.close();
    page = await browser.open(app.url);
    expect((await docker(page, 'docker pull debian')).exitCode).toBe(0);
    expect((await docker(page, 'docker run --rm debian cat /etc/debian_version')).stdout).toMatch(/^12\.\d+\n$/);
  });
});

describe('the page', () => {
  it('stays at its frame rate while a container spins', async () => {
    await docker(page, "docker run -d --name spin busybox sh -c 'while :; do :; done'");
    const slow = await page.evaluate(() => new Promise<number>((resolve) => {
      const gaps: number[] = [];
      let last = performance.now();
      const frame = (now: number): void => { gaps.push(now - last); last = now; if (gaps.length < 120) requestAnimationFrame(frame); else resolve(gaps.filter((g) => g > 100).length); };
      requestAnimationFrame(frame);
    }));
    expect(slow).toBeLessThan(6);
    expect((await docker(page, 'docker rm -f spin')).exitCode).toBe(0);
  });

  it('shows containers, images and volumes live', async () => {
    await docker(page, 'docker create --name shown busybox');
    await page.getByText('shown', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Remove shown' }).click();
    await page.getByText('shown', { exact: true }).waitFor({ state: 'detached' });
    expect(await page.getByRole('heading', { name: /Images/ }).isVisible()).toBe(true);
    expect(await screen(page)).toContain('$');
  });
});
