// Port the symbol at the caret: ask the server, show what it made beside the source with its evidence, write on request.

import * as path from 'node:path';
import * as vscode from 'vscode';
import { LanguageClient } from 'vscode-languageclient/node';
import { LANGUAGES } from './status';

const SCHEME = 'foundation-port';
const REPORT = '/Port report.md';
const TITLES: Record<string, string> = { python: 'Python', go: 'Go', rust: 'Rust', ruby: 'Ruby' };

interface PortedFile { path: string; text: string; role: string }
interface Step { step: string; verdict: string; detail: string; cases: number; disagreements: number }
interface Hole { line: number; construct: string; reason: string }

/** What the server's command `foundation.port` answers. */
interface PortResult {
  target: string;
  directory: string;
  files: PortedFile[];
  verdict: string | null;
  summary: string;
  steps: Step[];
  holes: Hole[];
  differences: string[];
}

/** The preview of the last port, with its verdict and the button that writes it above the first line. */
export class PortPreview implements vscode.Disposable, vscode.TextDocumentContentProvider, vscode.CodeLensProvider {
  private readonly contents = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registrations: vscode.Disposable[];
  private last: PortResult | undefined;
  readonly onDidChange = this.changed.event;

  constructor(private readonly client: () => LanguageClient | undefined) {
    this.registrations = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, this),
      vscode.commands.registerCommand('foundation.showEvidence', () => this.showEvidence()),
    ];
  }

  /** Above the first line: the verdict, which opens the evidence, and the button that writes the files. */
  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!this.last || document.uri.path === REPORT) { return []; }
    const top = new vscode.Range(0, 0, 0, 0);
    const icon = this.last.verdict === 'passed' ? '$(verified)' : '$(warning)';
    return [
      new vscode.CodeLens(top, { title: `${icon} ${this.last.verdict ?? 'not verified'}, show evidence`, tooltip: this.last.summary, command: 'foundation.showEvidence' }),
      new vscode.CodeLens(top, { title: '$(save-as) Write files', tooltip: 'Write the files; nothing is overwritten', command: 'foundation.writePort' }),
    ];
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.contents.get(uri.path) ?? '';
  }

  /** Port the symbol at the caret to `target`, or to the language that the user picks. Resolves when it is shown. */
  async port(target?: string): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    const client = this.client();
    if (!editor || !client) {
      void vscode.window.showErrorMessage('Foundation: open a Python, Go, Rust or Ruby file first.');
      return;
    }
    const settings = vscode.workspace.getConfiguration('foundation.port', editor.document.uri);
    const language = target ?? await this.pickLanguage(editor.document.languageId, settings.get<string[]>('languages') ?? [...LANGUAGES]);
    if (!language) { return; }
    const title = `Generating the ${TITLES[language]} equivalent`;
    try {
      const result = await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        (_progress, cancelled) => client.sendRequest<PortResult>('workspace/executeCommand', {
          command: 'foundation.port',
          arguments: [{
            uri: client.code2ProtocolConverter.asUri(editor.document.uri),
            position: client.code2ProtocolConverter.asPosition(editor.selection.active),
            target: language,
            verify: vscode.workspace.isTrusted && (settings.get<boolean>('verify') ?? true),
            directory: settings.get<string | null>('outputDirectory') ?? null,
          }],
        }, cancelled),
      );
      await this.show(result);
    } catch (error) {
      if (error instanceof vscode.CancellationError || isCancellation(error)) { return; }
      void vscode.window.showErrorMessage(`Foundation: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Write the files of the last port. Nothing that exists is overwritten: all of them are checked before the first is written. */
  async write(): Promise<void> {
    const result = this.last;
    if (!result) {
      void vscode.window.showInformationMessage('Foundation: there is no port to write. Use “Port Symbol to…” first.');
      return;
    }
    const directory = vscode.Uri.parse(result.directory);
    const targets = result.files.map(file => ({ uri: vscode.Uri.joinPath(directory, file.path), file }));
    const existing: string[] = [];
    for (const { uri } of targets) {
      if (await exists(uri)) { existing.push(vscode.workspace.asRelativePath(uri)); }
    }
    if (existing.length > 0) {
      void vscode.window.showErrorMessage(`Foundation: not written, because ${existing.join(', ')} exists already. Move it away, or set "foundation.port.outputDirectory".`);
      return;
    }
    for (const { uri, file } of targets) {
      await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(file.text));
    }
    const main = targets.find(({ file }) => file.role === 'source') ?? targets[0];
    await vscode.window.showTextDocument(main.uri, { viewColumn: vscode.ViewColumn.Beside });
    void vscode.window.showInformationMessage(`Foundation: wrote ${targets.length} files into ${vscode.workspace.asRelativePath(directory)}.`);
  }

  dispose(): void {
    for (const registration of this.registrations) { registration.dispose(); }
    this.changed.dispose();
  }

  private async pickLanguage(source: string, languages: string[]): Promise<string | undefined> {
    const items = languages.filter(language => language !== source).map(language => ({ label: TITLES[language] ?? language, language }));
    return (await vscode.window.showQuickPick(items, { title: 'Port to which language?' }))?.language;
  }

  private async show(result: PortResult): Promise<void> {
    this.last = result;
    await vscode.commands.executeCommand('setContext', 'foundation.portOpen', true);
    const main = result.files.find(file => file.role === 'source') ?? result.files[0];
    this.contents.clear();
    const source = this.put(`/${path.posix.basename(main.path)}`, main.text);
    this.put(REPORT, describe(result));
    const document = await vscode.languages.setTextDocumentLanguage(await vscode.workspace.openTextDocument(source), result.target);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: false, preserveFocus: true });
    const write = 'Write files';
    const evidence = 'Show evidence';
    const message = `${TITLES[result.target]} port: ${result.summary}`;
    const ask = result.verdict === 'passed' ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
    void ask(message, write, evidence).then(async answer => {
      if (answer === write) { await this.write(); }
      if (answer === evidence) { await this.showEvidence(); }
    });
  }

  private async showEvidence(): Promise<void> {
    await vscode.commands.executeCommand('markdown.showPreview', vscode.Uri.from({ scheme: SCHEME, path: REPORT }));
  }

  private put(name: string, text: string): vscode.Uri {
    this.contents.set(name, text);
    const uri = vscode.Uri.from({ scheme: SCHEME, path: name });
    this.changed.fire(uri);
    return uri;
  }
}

function describe(result: PortResult): string {
  const rows = result.steps.map(step =>
    `| ${step.step} | ${step.verdict} | ${step.cases || ''} | ${step.detail.replace(/\|/g, '\\|').replace(/\n/g, '<br>')} |`);
  const holes = result.holes.map(hole => `* line ${hole.line}, ${hole.construct}: ${hole.reason}`);
  const differences = result.differences.map(difference => `* ${difference}`);
  return [
    `# ${TITLES[result.target]} port: ${result.verdict ?? 'not verified'}`, '', result.summary, '',
    '| step | verdict | cases | what was seen |', '|---|---|---|---|', ...rows, '',
    ...(holes.length ? ['## Not ported', '', ...holes, ''] : []),
    ...(differences.length ? ['## What differs', '', ...differences, ''] : []),
  ].join('\n');
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

function isCancellation(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && (error.code === -32800 || error.code === -32802);
}
