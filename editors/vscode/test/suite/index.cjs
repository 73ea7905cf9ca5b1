// Runs inside the real extension host. VS Code calls run() and ends with its outcome.
const Mocha = require('mocha');
const path = require('node:path');

exports.run = () => new Promise((resolve, reject) => {
  const mocha = new Mocha({ ui: 'tdd', color: false, timeout: 60_000, reporter: 'spec' });
  mocha.addFile(path.join(__dirname, process.env.FOUNDATION_SUITE ?? 'trusted.cjs'));
  mocha.run(failures => failures ? reject(new Error(`${failures} tests failed`)) : resolve());
});
