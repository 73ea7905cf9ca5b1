// Where the server comes from. The order is: the setting, the workspace's Python environment, PATH, the bundled one.

import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

const run = promisify(execFile);
const MINIMUM_PYTHON = [3, 11];

/** A server that can be started, and how it was found. */
export interface Server {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  origin: string;
  version: string;
}

/** Nothing could be started; `tried` says what was looked at and why it did not do. */
export class ServerNotFound extends Error {
  constructor(readonly tried: string[]) {
    super(`No foundation-lsp server could be started. Tried: ${tried.join('; ')}. Install Python 3.11 or newer, or set "foundation.server.path".`);
  }
}

/** Find the server for this window. In an untrusted workspace only the bundled server is considered. */
export async function findServer(context: vscode.ExtensionContext): Promise<Server> {
  const settings = vscode.workspace.getConfiguration('foundation.server');
  const trusted = vscode.workspace.isTrusted;
  const tried: string[] = [];

  const configured = trusted ? settings.get<string | null>('path') : null;
  if (configured) {
    return await probe(configured, [], {}, 'the setting foundation.server.path', tried) ?? fail(tried);
  }
  if (trusted && settings.get<string>('importStrategy') !== 'useBundled') {
    for (const [program, origin] of candidates()) {
      const server = await probe(program, [], {}, origin, tried);
      if (server) { return server; }
    }
  }
  const bundled = path.join(context.extensionPath, 'bundled', 'libs');
  if (!fs.existsSync(bundled)) {
    tried.push('the bundled server is not in this build');
    return fail(tried);
  }
  const interpreter = trusted ? settings.get<string | null>('interpreter') : null;
  const interpreters = interpreter ? [interpreter] : [...(trusted ? environmentPythons() : []), ...onPath('python3'), ...onPath('python')];
  for (const python of interpreters) {
    if (!(await isRecentPython(python, tried))) { continue; }
    // -I keeps the workspace and the user's site-packages out; the bundled libraries are put on the path explicitly.
    const start = 'import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module("foundation_lsp", run_name="__main__", alter_sys=True)';
    const server = await probe(python, ['-I', '-c', start, bundled], {}, `the bundled server, run by ${python}`, tried);
    if (server) { return server; }
  }
  return fail(tried);
}

function fail(tried: string[]): never {
  throw new ServerNotFound(tried);
}

function candidates(): [string, string][] {
  const found: [string, string][] = environmentPythons()
    .map(python => path.join(path.dirname(python), 'foundation-lsp'))
    .filter(program => fs.existsSync(program))
    .map(program => [program, `the workspace's environment (${program})`]);
  return [...found, ...onPath('foundation-lsp').map((program): [string, string] => [program, `PATH (${program})`])];
}

function environmentPythons(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders
    .flatMap(folder => ['.venv', 'venv'].map(name => path.join(folder.uri.fsPath, name, 'bin', 'python')))
    .filter(python => fs.existsSync(python));
}

function onPath(name: string): string[] {
  const program = (process.env.PATH ?? '').split(path.delimiter)
    .filter(folder => path.isAbsolute(folder))
    .map(folder => path.join(folder, name))
    .find(candidate => isExecutable(candidate));
  return program ? [program] : [];
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

async function isRecentPython(python: string, tried: string[]): Promise<boolean> {
  try {
    const { stdout } = await run(python, ['-I', '-c', 'import sys; print(*sys.version_info[:2])'], { timeout: 20_000 });
    const [major, minor] = stdout.trim().split(' ').map(Number);
    if (major > MINIMUM_PYTHON[0] || (major === MINIMUM_PYTHON[0] && minor >= MINIMUM_PYTHON[1])) { return true; }
    tried.push(`${python} is Python ${major}.${minor}, ${MINIMUM_PYTHON.join('.')} is needed`);
  } catch (error) {
    tried.push(`${python}: ${firstLine(error)}`);
  }
  return false;
}

async function probe(command: string, args: string[], env: NodeJS.ProcessEnv, origin: string, tried: string[]): Promise<Server | undefined> {
  try {
    const { stdout } = await run(command, [...args, '--version'], { timeout: 30_000, env: { ...process.env, ...env } });
    return { command, args, env, origin, version: stdout.trim() };
  } catch (error) {
    tried.push(`${origin}: ${firstLine(error)}`);
    return undefined;
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').slice(0, 2).join(' ');
}
