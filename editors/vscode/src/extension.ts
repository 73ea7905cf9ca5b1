// The extension's life: start the server, pass settings on, show results. It knows nothing about patterns.

import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { LanguageClient, LanguageClientOptions, RevealOutputChannelOn, TransportKind } from 'vscode-languageclient/node';
import { findServer, Server } from './lookup';
import { PortPreview } from './port';
import { LANGUAGES, Status } from './status';

const PATTERNS = [
  'structured_logging', 'configuration', 'retry_with_backoff', 'circuit_breaker', 'error_boundary',
  'http_client', 'cli_framework', 'process_execution', 'file_operations', 'rate_limiting',
];

class Foundation implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private server: Server | undefined;
  private pending: Promise<void> = Promise.resolve();
  private readonly log = vscode.window.createOutputChannel('Foundation', { log: true });
  private readonly trace = vscode.window.createOutputChannel('Foundation Trace', { log: true });
  private readonly status = new Status();

  constructor(private readonly context: vscode.ExtensionContext) {}

  /** Start, or stop and start again; calls that overlap run one after the other. */
  restart(): Promise<void> {
    this.pending = this.pending.then(() => this.stop()).then(() => this.start());
    return this.pending;
  }

  get running(): LanguageClient | undefined {
    return this.client;
  }

  showLogs(): void {
    this.log.show();
  }

  /** Run the server's own command line, for what it prints rather than serves. */
  run(args: string[]): Promise<string> {
    const server = this.server;
    if (!server) { return Promise.reject(new Error('the server is not running')); }
    return new Promise((resolve, reject) => {
      execFile(server.command, [...server.args, ...args], { timeout: 60_000, env: { ...process.env, ...server.env } }, (error, stdout, stderr) => {
        // Exit status 1 carries findings, not a failure.
        if (error && stdout === '') { reject(new Error(stderr || error.message)); } else { resolve(stdout); }
      });
    });
  }

  private async start(): Promise<void> {
    this.status.starting();
    try {
      const server = await findServer(this.context);
      this.server = server;
      this.log.info(`starting ${server.version} from ${server.origin}`);
      const client = new LanguageClient('foundation', 'Foundation', {
        command: server.command,
        args: server.args,
        transport: TransportKind.stdio,
        options: { env: { ...process.env, ...server.env } },
      }, this.options());
      client.onDidChangeState(event => this.status.state(event.newState, server));
      this.client = client;
      await client.start();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.log.error(message);
      this.status.failed(message);
      // Deliberately not awaited: the message stays until the user answers, and starting must not wait for that.
      void vscode.window.showErrorMessage(message, 'Show Logs', 'Open Settings').then(answer => {
        if (answer === 'Show Logs') { this.showLogs(); }
        if (answer === 'Open Settings') { void vscode.commands.executeCommand('workbench.action.openSettings', 'foundation.server'); }
      });
    }
  }

  private options(): LanguageClientOptions {
    const watch = (glob: string) => vscode.workspace.createFileSystemWatcher(glob);
    return {
      documentSelector: LANGUAGES.map(language => ({ scheme: 'file', language })),
      outputChannel: this.log,
      traceOutputChannel: this.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: { trusted: vscode.workspace.isTrusted },
      synchronize: {
        configurationSection: 'foundation',
        fileEvents: ['**/.foundation.toml', '**/pyproject.toml', '**/.foundation/specs/*.yaml'].map(watch),
      },
    };
  }

  private async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client) { await client.dispose(); }
  }

  dispose(): void {
    void this.stop();
    this.status.dispose();
    this.log.dispose();
    this.trace.dispose();
  }
}

let foundation: Foundation | undefined;

/** Called by VS Code when a file of one of the four languages is opened. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const running = new Foundation(context);
  foundation = running;
  const preview = new PortPreview(() => running.running);
  context.subscriptions.push(
    running,
    preview,
    vscode.commands.registerCommand('foundation.restartServer', () => running.restart()),
    vscode.commands.registerCommand('foundation.showLogs', () => running.showLogs()),
    vscode.commands.registerCommand('foundation.portSymbol', (target?: string) => preview.port(target)),
    vscode.commands.registerCommand('foundation.writePort', () => preview.write()),
    vscode.commands.registerCommand('foundation.showSpec', (pattern?: string) => showSpec(running, pattern)),
    vscode.commands.registerCommand('foundation.doctor', () => showText('plaintext', () => running.run(['doctor']))),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.restart()),
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration('foundation.server')) { void running.restart(); }
    }),
  );
  await running.restart();
}

/** Called by VS Code when the window closes. */
export async function deactivate(): Promise<void> {
  foundation?.dispose();
}

async function showSpec(running: Foundation, given?: string): Promise<void> {
  const pattern = given ?? await vscode.window.showQuickPick(PATTERNS, { title: 'Show the spec of which pattern?' });
  if (pattern) { await showText('markdown', () => running.run(['spec', 'show', pattern])); }
}

async function showText(language: string, produce: () => Promise<string>): Promise<void> {
  try {
    const document = await vscode.workspace.openTextDocument({ language, content: await produce() });
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true, preserveFocus: true });
  } catch (error) {
    void vscode.window.showErrorMessage(`Foundation: ${error instanceof Error ? error.message : String(error)}`);
  }
}
