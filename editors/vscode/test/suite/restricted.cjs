const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const vscode = require('vscode');
const { folder, open, until, codes, positionOf, hoverText } = require('./editor.cjs');

suite('foundation-lsp in a workspace that is not trusted', () => {
  test('hover and diagnostics work, from the bundled server', async () => {
    const document = await open('shop.py');
    assert.equal(vscode.workspace.isTrusted, false);
    assert.match(await hoverText(document, 'retry(max_attempts=3'), /max_attempts/);
    await until('the misspelt parameter', () => codes(document.uri).includes('retry_with_backoff/unknown-parameter'));
    assert.equal(fs.existsSync(path.join(folder(), 'PLANTED-SERVER-RAN')), false, "the workspace's own server was run");
  });

  test('a port is shown but neither compiled nor run', async () => {
    const document = await open('delays.py');
    const place = positionOf(document, 'def total_wait', 5);
    vscode.window.activeTextEditor.selection = new vscode.Selection(place, place);
    await vscode.commands.executeCommand('foundation.portSymbol', 'go');
    await until('the preview', () => vscode.window.visibleTextEditors.find(shown => shown.document.uri.scheme === 'foundation-port'));
    const report = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: 'foundation-port', path: '/Port report.md' }));
    assert.match(report.getText(), /not verified/);
    assert.doesNotMatch(report.getText(), /\| compile/);
    assert.equal(fs.existsSync(path.join(folder(), 'PLANTED-CODE-RAN')), false, "the workspace's code was run");
  });
});
