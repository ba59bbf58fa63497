// After all rows: what their answers were, beside the OpenAPI documents.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Description } from './support/described.mjs';
import { ISSUER } from './support/fixtures.mjs';
import { get } from './support/target.mjs';

const DOCUMENTS = {
  '/openapi.json': 'Jeton',
  '/manage/openapi.json': 'Jeton: management interface',
};

for (const [path, title] of Object.entries(DOCUMENTS)) {
  test(`${path}: valid OpenAPI 3.1, with the issuer as server`, async () => {
    const answer = await get(path);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    const document = answer.json();
    assert.equal(document.info.title, title);
    assert.deepEqual(document.servers, [{ url: ISSUER }]);
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    assert.ok(valid, JSON.stringify(errors));
  });

  test(`${path}: every operation was asked, and every answer is as described`, async () => {
    const description = new Description((await get(path)).json());
    const { asked, faults } = description.judge();
    assert.deepEqual(
      description.operations().filter((operation) => !asked.has(operation)),
      [],
    );
    assert.deepEqual(faults.slice(0, 20), [], `${faults.length} answers`);
  });
}
