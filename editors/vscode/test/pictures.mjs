// Use the extension as a person would, with a mouse and a keyboard, and take a picture of each step.

import fs from 'node:fs';
import path from 'node:path';

/** Drive one window through hover, squiggle, quick fix, status item and port preview; write PNG files into `directory`. */
export async function takePictures(browser, running, directory) {
  fs.mkdirSync(directory, { recursive: true });
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  const shoot = async name => {
    await page.waitForTimeout(500);
    await page.screenshot({ path: path.join(directory, `${name}.png`) });
    console.log(`picture ${name}`);
  };
  const file = name => running.remote(path.join(running.workspace, name));
  await page.goto(running.url([['openFile', file('shop.py')]]));
  await page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
  await page.locator('.squiggly-error, .squiggly-warning').first().waitFor({ timeout: 60_000 });
  await shoot('squiggle');

  const decorator = page.locator('.view-line', { hasText: '@retry(max_attempts' }).locator('span', { hasText: 'retry' }).last();
  await decorator.hover({ force: true });
  await page.locator('.monaco-hover:visible', { hasText: 'max_attempts' }).waitFor({ timeout: 20_000 });
  await shoot('hover');
  await page.keyboard.press('Escape');

  await page.locator('.view-line', { hasText: 'max_attempt=5' }).locator('span', { hasText: 'max_attempt' }).last().click();
  await page.keyboard.press('Control+.');
  await page.locator('.action-widget .monaco-list-row', { hasText: 'max_attempts' }).first().waitFor({ timeout: 20_000 });
  await shoot('quickfix');
  await page.keyboard.press('Escape');

  await page.locator('.statusbar-item[id*="status.languageStatus"]').first().hover({ force: true });
  await page.waitForTimeout(800);
  await shoot('status');
  await page.keyboard.press('Escape');

  await page.goto(running.url([['openFile', file('delays.py')]]));
  await page.locator('.view-line', { hasText: 'def total_wait' }).waitFor({ timeout: 60_000 });
  await page.locator('.view-line', { hasText: 'def total_wait' }).locator('span', { hasText: 'total_wait' }).last().click();
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').fill('>Foundation: Port Symbol to');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Port Symbol to' }).first().click();
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Go' }).first().click();
  await page.locator('.view-line', { hasText: 'func TotalWait' }).waitFor({ timeout: 120_000 });
  const verdict = page.locator('.codelens-decoration a', { hasText: 'passed' });
  await verdict.waitFor({ timeout: 20_000 });
  await shoot('preview');
  await verdict.click();
  await page.waitForTimeout(2500);
  await shoot('evidence');
}
