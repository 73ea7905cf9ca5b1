// What the suites share: files of the workspace, and waiting for what the server says.
const path = require('node:path');
const vscode = require('vscode');

const folder = () => vscode.workspace.workspaceFolders[0].uri.fsPath;

async function open(name) {
  const document = await vscode.workspace.openTextDocument(path.join(folder(), name));
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One });
  return document;
}

async function until(what, ask, milliseconds = 45_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer) { return answer; }
    if (Date.now() > end) { throw new Error(`waited in vain: ${what}`); }
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

const codes = uri => vscode.languages.getDiagnostics(uri)
  .filter(diagnostic => diagnostic.source === 'foundation')
  .map(diagnostic => typeof diagnostic.code === 'object' ? diagnostic.code.value : diagnostic.code);

function positionOf(document, text, delta = 1) {
  const offset = document.getText().indexOf(text);
  if (offset < 0) { throw new Error(`the fixture has no ${text}`); }
  return document.positionAt(offset + delta);
}

async function hoverText(document, text) {
  const position = positionOf(document, text);
  const hovers = await until(`a hover on ${text}`, async () => {
    const found = await vscode.commands.executeCommand('vscode.executeHoverProvider', document.uri, position);
    return found.some(hover => hover.contents.some(content => /retry/i.test(content.value))) && found;
  });
  return hovers.flatMap(hover => hover.contents.map(content => content.value)).join('\n');
}

module.exports = { folder, open, until, codes, positionOf, hoverText };
