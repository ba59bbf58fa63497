// How much memory the mock takes for itself. The pages of its program file, which the system lends and
// takes back as it likes, are not counted: bench/start.mjs has all that is resident, and how soon it starts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { range } from './support/check.mjs';
import { ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

/** Its own memory in MB. */
const own = ({ pid }) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

test('memory: at most 3 MB of its own after 1,000 tokens', async (t) => {
  const mock = await start({ t });
  for (const _ of range(1000)) ok(await mock.at().token({}, { client: ['m2m', 's'] }));
  assert.ok(own(mock) <= 3, `${own(mock).toFixed(1)} MB`);
});

test('memory: at most 4 MB of its own after 1,000 tokens that it has to remember', async (t) => {
  const mock = await start({ t, config: { issuer: { claims: [{ access_token: { aud: null, tenant: 'blue' } }] } } });
  const tokens = [];
  for (const _ of range(1000)) tokens.push((await mock.at().granted({}, { client: ['m2m', 's'] })).access_token);
  assert.ok(own(mock) <= 4, `${own(mock).toFixed(1)} MB`);
  for (const token of [tokens.at(0), tokens.at(-1)]) assert.equal(await mock.at().active(token), true);
});

test('memory: at most 4 MB of its own after 1,000 made-up clients, each with a secret of its own', async (t) => {
  const mock = await start({ t });
  for (const n of range(1000))
    ok(await mock.at().token({ scope: `s-${n}` }, { client: [`client-${n}`, `secret-${n}`] }));
  assert.ok(own(mock) <= 4, `${own(mock).toFixed(1)} MB`);
});
