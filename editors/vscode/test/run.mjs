// The extension in the real editor: install the .vsix into a clean profile of VS Code's own server, run the suites in the
// real extension host through headless Chromium, then use it as a person would and take pictures.
//
//   node test/run.mjs [--pictures DIR] [--only trusted|restricted|pictures]
//
// VSCODE_ROOT names the server's folder (scripts/editors.sh installs it), NODE the Node.js 24 that runs it.

import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { takePictures } from './pictures.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const EXTENSION = path.dirname(HERE);
const ROOT = path.resolve(EXTENSION, '../..');
const VSCODE = process.env.VSCODE_ROOT ?? path.join(ROOT, '.cache/vscode/node_modules/code-server/lib/vscode');
const NODE = process.env.NODE ?? path.join(ROOT, '.cache/vscode/node_modules/node/bin/node');
const VSIX = path.join(EXTENSION, 'foundation-lsp.vsix');

const option = name => { const at = process.argv.indexOf(name); return at < 0 ? undefined : process.argv[at + 1]; };
const only = option('--only');
const pictures = option('--pictures');

function freePort() {
  return new Promise(resolve => {
    const server = net.createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
  });
}

// One editor with a profile of its own; `trust` decides whether the workspace is trusted.
async function editor({ trust, suite }) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'foundation-vscode-'));
  const workspace = path.join(profile, 'shop');
  fs.cpSync(path.join(HERE, 'fixture'), workspace, { recursive: true });
  if (!trust) { plantTraps(workspace); }
  fs.mkdirSync(path.join(profile, 'data/Machine'), { recursive: true });
  fs.writeFileSync(path.join(profile, 'data/Machine/settings.json'), JSON.stringify({
    'workbench.startupEditor': 'none', 'workbench.tips.enabled': false, 'telemetry.telemetryLevel': 'off', 'update.mode': 'none',
    'extensions.autoCheckUpdates': false, 'extensions.ignoreRecommendations': true, 'chat.disableAIFeatures': true,
    'workbench.secondarySideBar.defaultVisibility': 'hidden', 'editor.hover.delay': 100, 'window.menuBarVisibility': 'classic',
    'files.autoSave': 'off', 'git.enabled': false, 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.banner': 'never',
  }));
  // A machine with nothing but system programs and, for the port's proof, a Go toolchain: the bundled server must do.
  const go = path.dirname(execFileSync('sh', ['-c', 'command -v go'], { env: process.env }).toString().trim());
  const PATH = `/usr/bin:/bin:${go}`;
  // The editor asks a login shell for the user's environment; this user's has the same PATH.
  for (const name of ['.profile', '.bash_profile', '.bashrc']) { fs.writeFileSync(path.join(profile, name), `export PATH='${PATH}'\n`); }
  const env = {
    HOME: profile, PATH, LANG: 'C.UTF-8', EXTENSIONS_GALLERY: '{}', FOUNDATION_SUITE: suite,
    NODE_PATH: path.join(EXTENSION, 'node_modules'), GOCACHE: process.env.GOCACHE ?? path.join(ROOT, '.cache/go-build'), GOFLAGS: '-mod=mod', GOPROXY: 'off',
  };
  const main = path.join(VSCODE, 'out/server-main.js');
  execFileSync(NODE, [main, '--server-data-dir', profile, '--install-extension', VSIX], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await freePort();
  const log = fs.createWriteStream(path.join(profile, 'server.log'));
  const child = spawn(NODE, [main, '--host', '127.0.0.1', '--port', port, '--without-connection-token', '--accept-server-license-terms',
    '--enable-smoke-test-driver', '--telemetry-level', 'off', '--server-data-dir', profile, ...(trust ? ['--disable-workspace-trust'] : [])],
  { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  for (let tries = 0; ; tries++) {
    try { if ((await fetch(`http://127.0.0.1:${port}/version`)).ok) { break; } } catch { /* not up yet */ }
    if (tries > 600) { throw new Error(`the editor did not come up; see ${profile}/server.log`); }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  const remote = file => `vscode-remote://127.0.0.1:${port}${file}`;
  return {
    workspace, remote,
    url: payload => `http://127.0.0.1:${port}/?folder=${workspace}&payload=${encodeURIComponent(JSON.stringify([...payload, ['skipWelcome', 'true'], ['skipReleaseNotes', 'true']]))}`,
    close: () => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* gone already */ } fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }); },
  };
}

// What a hostile repository would bring: a server of its own, and code that shows when somebody runs it.
function plantTraps(workspace) {
  const bin = path.join(workspace, '.venv/bin');
  fs.mkdirSync(bin, { recursive: true });
  for (const name of ['foundation-lsp', 'python']) {
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\ntouch '${workspace}/PLANTED-SERVER-RAN'\n`, { mode: 0o755 });
  }
  fs.appendFileSync(path.join(workspace, 'delays.py'), `\n\nopen("${workspace}/PLANTED-CODE-RAN", "w").close()\n`);
}

function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
  });
}

async function runSuite(name, trust) {
  const started = Date.now();
  const running = await editor({ trust, suite: `${name}.cjs` });
  const chrome = await browser();
  try {
    const page = await chrome.newPage({ viewport: { width: 1280, height: 800 } });
    const ended = new Promise(resolve => { page.exposeFunction('codeAutomationExit', code => resolve(code)); });
    await page.exposeFunction('codeAutomationLog', (type, args) => console[type === 'error' ? 'error' : 'log'](...args));
    const tests = path.join(HERE, 'suite/index.cjs');
    await page.goto(running.url([['extensionDevelopmentPath', running.remote(installedExtension(running))], ['extensionTestsPath', running.remote(tests)]]));
    const code = await Promise.race([ended, new Promise(resolve => { setTimeout(() => resolve('time-out'), 900_000).unref(); })]);
    if (code !== 0) {
      const picture = path.join(os.tmpdir(), `foundation-vscode-${name}.png`);
      await page.screenshot({ path: picture });
      throw new Error(`the suite "${name}" ended with ${code}; the screen is in ${picture}`);
    }
    console.log(`suite ${name}: passed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  } finally {
    await chrome.close();
    running.close();
  }
}

// The suites test what was installed from the .vsix, not the checkout.
function installedExtension(running) {
  const folder = path.join(path.dirname(running.workspace), 'extensions');
  const name = fs.readdirSync(folder).find(entry => entry.startsWith('foundation-lsp.foundation-lsp-'));
  if (!name) { throw new Error('the .vsix was not installed'); }
  return path.join(folder, name);
}

if (!fs.existsSync(VSIX)) {
  console.error(`run: ${VSIX} is missing. Run: npm run package`);
  process.exit(2);
}
if (!only || only === 'trusted') { await runSuite('trusted', true); }
if (!only || only === 'restricted') { await runSuite('restricted', false); }
if (pictures || only === 'pictures') {
  const running = await editor({ trust: true, suite: 'trusted.cjs' });
  const chrome = await browser();
  try {
    await takePictures(chrome, running, pictures ?? path.join(EXTENSION, 'media'));
  } finally {
    await chrome.close();
    running.close();
  }
}
