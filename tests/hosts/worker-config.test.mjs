// What wrangler.toml deploys, to staging and to production.
// Run with: node --test tests/hosts/worker-config.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unstable_readConfig } from 'wrangler';

const config = fileURLToPath(new URL('../../wrangler.toml', import.meta.url));
const staging = unstable_readConfig({ config, env: '' });
const production = unstable_readConfig({ config, env: 'production' });

test('production has one address, its domain, and the issuer is it', () => {
  assert.equal(production.workers_dev, false);
  assert.equal(production.preview_urls, false);
  const [route, ...others] = production.routes;
  assert.deepEqual(others, []);
  assert.equal(route.custom_domain, true);
  assert.equal(`https://${route.pattern}`, production.vars.JETON_ISSUER);
});

test("staging has one address, the Worker's own", () => {
  assert.equal(staging.workers_dev, true);
  assert.equal(staging.preview_urls, false);
  assert.equal(staging.routes, undefined);
});

test('they are two Workers with the same bindings, so that neither has the records of the other', () => {
  assert.notEqual(production.name, staging.name);
  for (const inherited of ['compatibility_date', 'compatibility_flags', 'main', 'migrations', 'observability']) {
    assert.deepEqual(production[inherited], staging[inherited], inherited);
  }
  assert.deepEqual(production.kv_namespaces, staging.kv_namespaces);
  assert.deepEqual(production.durable_objects, staging.durable_objects);
  assert.deepEqual(Object.keys(production.vars), Object.keys(staging.vars));
  // An object that had a `script_name` would be another Worker's.
  for (const binding of production.durable_objects.bindings) {
    assert.deepEqual(Object.keys(binding).toSorted(), ['class_name', 'name']);
  }
});
