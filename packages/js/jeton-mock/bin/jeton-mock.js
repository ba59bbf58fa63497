#!/usr/bin/env node
// `jeton mock` with the arguments that this is given.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { binary } from '../src/binary.js';

const program = binary();
const child = spawn(program, ['mock', ...process.argv.slice(2)], { stdio: 'inherit' });
child.once('error', ({ code, message }) => {
  const why = code === 'ENOENT' ? `there is no ${program}: set JETON_BIN, or put jeton on the PATH` : message;
  console.error(`jeton-mock: ${why}`);
  process.exitCode = 127;
});
// A terminal sends its signals to both; whoever sends them to this process alone means the mock.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('close', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
