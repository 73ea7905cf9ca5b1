const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const vscode = require('vscode');
const { folder, open, until, codes, positionOf, hoverText } = require('./editor.cjs');

suite(`foundation-lsp in VS Code ${vscode.version}`, () => {
  test('activates with a file of one of its languages', async () => {
    await open('shop.py');
    const extension = vscode.extensions.getExtension('foundation-lsp.foundation-lsp');
    await extension.activate();
    assert.ok(extension.isActive);
    assert.ok(vscode.workspace.isTrusted);
  });

  for (const [file, form] of [['shop.py', 'retry(max_attempts=3'], ['gateway.go', 'retry(maxAttempts=3'], ['search.rs', 'retry(max_attempts = 3'], ['notify.rb', 'retry(max_attempts: 3']]) {
    test(`hover on ${form} in ${file}`, async () => {
      const text = await hoverText(await open(file), form);
      assert.match(text, /0\.5/);
      assert.match(text, /max_attempts/);
    });
  }

  test('diagnostics appear, change and clear while typing', async () => {
    const document = await open('shop.py');
    await until('the misspelt parameter', () => codes(document.uri).includes('retry_with_backoff/unknown-parameter'));
    const change = async (from, to) => {
      const edit = new vscode.WorkspaceEdit();
      const start = positionOf(document, from, 0);
      edit.replace(document.uri, new vscode.Range(start, start.translate(0, from.length)), to);
      assert.ok(await vscode.workspace.applyEdit(edit));
    };
    await change('base_delay=0.5', 'base_delay=500');
    await until('the delay out of range', () => codes(document.uri).includes('retry_with_backoff/out-of-range'));
    await change('base_delay=500', 'base_delay=0.5');
    await until('the delay is fine again', () => !codes(document.uri).includes('retry_with_backoff/out-of-range'));
    assert.ok(codes(document.uri).includes('retry_with_backoff/unknown-parameter'));
  });

  test('a quick fix edits the right characters behind an emoji', async () => {
    const document = await open('shop.py');
    const place = positionOf(document, 'max_attempt=5');
    await until('the misspelt parameter', () => codes(document.uri).includes('retry_with_backoff/unknown-parameter'));
    const fix = await until('a quick fix', async () => {
      const actions = await vscode.commands.executeCommand(
        'vscode.executeCodeActionProvider', document.uri, new vscode.Range(place, place), vscode.CodeActionKind.QuickFix.value, 5);
      return actions.find(action => action.edit && /max_attempts/.test(action.title));
    });
    assert.ok(await vscode.workspace.applyEdit(fix.edit));
    const line = document.lineAt(place.line).text;
    assert.ok(line.startsWith('LABEL = "😀"; POLICY = retry(max_attempts=5)'), line);
    await until('the finding is gone', () => !codes(document.uri).includes('retry_with_backoff/unknown-parameter'));
  });

  // The first compilation with an empty cache takes its time.
  test('the port preview opens, and writes a file that compiles', async function () {
    this.timeout(600_000);
    const document = await open('delays.py');
    const editor = vscode.window.activeTextEditor;
    editor.selection = new vscode.Selection(positionOf(document, 'def total_wait', 5), positionOf(document, 'def total_wait', 5));
    await vscode.commands.executeCommand('foundation.portSymbol', 'go');
    const preview = await until('the preview', () => vscode.window.visibleTextEditors.find(shown => shown.document.uri.scheme === 'foundation-port'), 400_000);
    assert.equal(preview.document.languageId, 'go');
    assert.match(preview.document.getText(), /func TotalWait\(/);
    assert.match(preview.document.getText(), /resilience\.Retry/);

    const lenses = await vscode.commands.executeCommand('vscode.executeCodeLensProvider', preview.document.uri);
    assert.ok(lenses.some(lens => /passed/.test(lens.command?.title)), 'the verdict is not shown above the port');
    const report = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: 'foundation-port', path: '/Port report.md' }));
    assert.match(report.getText(), /# Go port: passed/);
    assert.match(report.getText(), /\| differential \| passed \| \d+/);

    await vscode.commands.executeCommand('foundation.writePort');
    const main = await until('the written file', () => vscode.window.activeTextEditor?.document.uri.scheme === 'file'
      && vscode.window.activeTextEditor.document.fileName.endsWith('.go') && vscode.window.activeTextEditor.document.fileName);
    const directory = path.dirname(main);
    assert.notEqual(directory, folder(), 'a Go package was put among files of another package');
    execFileSync('go', ['build', './...'], { cwd: directory, env: { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off' }, timeout: 50_000 });

    const before = fs.readFileSync(main, 'utf8');
    fs.appendFileSync(main, '// edited by hand\n');
    await vscode.commands.executeCommand('foundation.writePort');
    assert.equal(fs.readFileSync(main, 'utf8'), `${before}// edited by hand\n`, 'an existing file was overwritten');
  });

  test('restart', async () => {
    await vscode.commands.executeCommand('foundation.restartServer');
    assert.match(await hoverText(await open('shop.py'), 'retry(max_attempts=3'), /max_attempts/);
  });

  test('the spec and the doctor are shown beside the source', async () => {
    await vscode.commands.executeCommand('foundation.showSpec', 'retry_with_backoff');
    await until('the spec', () => vscode.window.visibleTextEditors.find(shown => shown.document.languageId === 'markdown' && /retry_with_backoff/.test(shown.document.getText())));
    await vscode.commands.executeCommand('foundation.doctor');
    await until('the doctor', () => vscode.window.visibleTextEditors.find(shown => /\bgo\b/i.test(shown.document.getText()) && shown.document.isUntitled && shown.document.languageId === 'plaintext'));
  });

  test('nothing was left in the workspace but the port', () => {
    const left = fs.readdirSync(folder()).filter(name => !['.vscode', 'delays.py', 'gateway.go', 'notify.rb', 'search.rs', 'shop.py'].includes(name));
    assert.ok(left.every(name => /\.go$|^go\.mod$|^go\.sum$|^[a-z_]+$/.test(name)), left.join(' '));
  });
});
