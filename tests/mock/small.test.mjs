// How much memory the mock needs. How soon it starts is for bench/: a time is no test.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { range } from './support/check.mjs';
import { ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

test('memory: at most 12 MB are resident after 1,000 tokens', async (t) => {
  const mock = await start({ t });
  for (const _ of range(1000)) ok(await mock.at().token({}, { client: ['m2m', 's'] }));
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${mock.pid}/status`, 'utf8'))[1]) / 1024;
  assert.ok(resident <= 12, `${resident.toFixed(1)} MB`);
});

test('memory: at most 24 MB are resident after 1,000 made-up clients, each with a secret of its own', async (t) => {
  const mock = await start({ t });
  for (const n of range(1000))
    ok(await mock.at().token({ scope: `s-${n}` }, { client: [`client-${n}`, `secret-${n}`] }));
  const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${mock.pid}/status`, 'utf8'))[1]) / 1024;
  assert.ok(resident <= 24, `${resident.toFixed(1)} MB`);
});
