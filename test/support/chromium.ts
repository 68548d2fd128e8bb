/** Real Chromium (Debian's) driven by playwright-core, against the built app served as `npm start` serves it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { preview } from 'vite';
import type { CommandResult } from '../../src/main.tsx';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export interface App { url: string; close(): Promise<void> }

/** Serves dist/app (built by scripts/test.mjs) on a free port. */
export async function serveApp(): Promise<App> {
  const server = await preview({ preview: { port: 0, strictPort: false }, logLevel: 'error' });
  return { url: server.resolvedUrls!.local[0], close: () => server.close() };
}

/** A browser with a profile of its own; `profile` of an earlier one keeps its storage. */
export class Browser {
  private constructor(readonly context: BrowserContext, readonly profile: string) {}

  static async launch(profile = mkdtempSync(join(tmpdir(), 'drydock-chromium-'))): Promise<Browser> {
    const context = await chromium.launchPersistentContext(profile, { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS, viewport: { width: 1280, height: 800 } });
    return new Browser(context, profile);
  }

  /** Opens the app and waits until it takes commands. */
  async open(url: string): Promise<Page> {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => console.error('page error:', error));
    page.on('console', (message) => { if (message.type() === 'error') console.error('page console:', message.text()); });
    await page.goto(url);
    await page.waitForFunction(() => window.drydock?.terminal !== undefined, undefined, { timeout: 30_000 });
    return page;
  }

  async close({ keepProfile = false } = {}): Promise<void> {
    await this.context.close();
    if (!keepProfile) rmSync(this.profile, { recursive: true, force: true });
  }
}

/** Runs a docker command line in the page. */
export const docker = (page: Page, commandLine: string): Promise<CommandResult> => page.evaluate((line) => window.drydock.docker(line), commandLine);

/** The text of the page's terminal, wrapped lines joined. */
export const screen = (page: Page): Promise<string> => page.evaluate(() => {
  const { active } = window.drydock.terminal!.buffer;
  let text = '';
  for (let i = 0; i < active.length; i++) {
    const line = active.getLine(i)!;
    text += (line.isWrapped || i === 0 ? '' : '\n') + line.translateToString(true);
  }
  return text.trimEnd();
});

/** Types into the terminal. */
export async function type(page: Page, text: string): Promise<void> {
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.insertText(text.replace(/\n$/, ''));
  if (text.endsWith('\n')) await page.keyboard.press('Enter');
}

/** Waits until the terminal shows what the pattern asks for; the error shows the screen. */
export async function waitForScreen(page: Page, pattern: RegExp, timeout = 60_000): Promise<string> {
  const end = Date.now() + timeout;
  for (;;) {
    const text = await screen(page);
    if (pattern.test(text)) return text;
    if (Date.now() > end) throw new Error(`the terminal did not show ${pattern} within ${timeout} ms:\n${text}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}
