// The language status item: which server runs, by which interpreter, and whether it is well.

import * as vscode from 'vscode';
import { State } from 'vscode-languageclient/node';
import { Server } from './lookup';

export const LANGUAGES = ['python', 'go', 'rust', 'ruby'] as const;

/** What is shown behind the braces of the status bar, for files of the four languages. */
export class Status implements vscode.Disposable {
  private readonly item = vscode.languages.createLanguageStatusItem('foundation.status', LANGUAGES.map(language => ({ language })));

  constructor() {
    this.item.name = 'Foundation';
    this.item.command = { command: 'foundation.showLogs', title: 'Show Logs' };
    this.starting();
  }

  starting(): void {
    this.show('Foundation: starting', '', vscode.LanguageStatusSeverity.Information, true);
  }

  state(state: State, server: Server): void {
    switch (state) {
      case State.Running:
        return this.show(server.version, `from ${server.origin}`, vscode.LanguageStatusSeverity.Information, false);
      case State.Starting:
        return this.starting();
      default:
        return this.show('Foundation: stopped', `from ${server.origin}`, vscode.LanguageStatusSeverity.Warning, false);
    }
  }

  failed(message: string): void {
    this.show('Foundation: no server', message, vscode.LanguageStatusSeverity.Error, false);
  }

  dispose(): void {
    this.item.dispose();
  }

  private show(text: string, detail: string, severity: vscode.LanguageStatusSeverity, busy: boolean): void {
    this.item.text = text;
    this.item.detail = detail;
    this.item.severity = severity;
    this.item.busy = busy;
  }
}
