// The OpenAPI document of the control API is valid, complete, and true.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { OF_ALL, ok } from './support/issuer.mjs';
import { OPERATIONS } from './support/operations.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const document = ok(await mock.send('/_mock/openapi.json')).json();

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true });
addFormats(ajv);
for (const format of ['int32', 'int64', 'uint64', 'float', 'double', 'password']) ajv.addFormat(format, true);
ajv.addSchema({ ...document, $id: 'openapi.json' });

const pathOf = (path) => `/_mock${path}`;
const operationOf = (method, path) => document.paths[pathOf(path)]?.[method.toLowerCase()];

/** What a reference leads to. */
function resolve(value) {
  if (!value?.$ref) return value;
  return value.$ref
    .slice(2)
    .split('/')
    .reduce((found, step) => found[step.replace(/~1/g, '/').replace(/~0/g, '~')], document);
}

/** A member's name within a JSON pointer in a URL (RFC 6901 §6). */
const escaped = (step) => encodeURIComponent(step.replace(/~/g, '~0').replace(/\//g, '~1'));
/** Where in the document a path of members is, as a reference. */
const pointer = (...steps) => `openapi.json#/${steps.map(escaped).join('/')}`;

function schemaAt(steps) {
  const validate = ajv.getSchema(pointer(...steps));
  assert.ok(validate, `no schema at ${steps.join(' / ')}`);
  return validate;
}

/** The validator of an answer, undefined where it has no body. */
function answerSchema(method, path, status) {
  const operation = operationOf(method, path);
  const own = operation.responses[status];
  assert.ok(own, `${method} ${path}: ${status} is not described`);
  const steps = own.$ref
    ? own.$ref
        .slice(2)
        .split('/')
        .map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'))
    : ['paths', pathOf(path), method.toLowerCase(), 'responses', String(status)];
  const response = resolve(own);
  if (!response.content) return undefined;
  const type = Object.keys(response.content)[0];
  return type.startsWith('application/json') ? schemaAt([...steps, 'content', type, 'schema']) : 'text';
}

function isDescribed(method, path, response) {
  const schema = answerSchema(method, path, response.status);
  const what = `${method} ${path}: ${response.status} ${response.text.slice(0, 300)}`;
  if (schema === undefined) return assert.equal(response.bytes.length, 0, what);
  if (schema === 'text') return assert.ok(response.bytes.length > 0, what);
  assert.match(response.headers['content-type'], /^application\/json/, what);
  assert.ok(schema(response.json()), `${what}\n${ajv.errorsText(schema.errors)}`);
}

function bodySchema(method, path) {
  const operation = operationOf(method, path);
  const own = operation.requestBody;
  if (!own) return undefined;
  const steps = own.$ref ? own.$ref.slice(2).split('/') : ['paths', pathOf(path), method.toLowerCase(), 'requestBody'];
  return schemaAt([...steps, 'content', 'application/json', 'schema']);
}

describe('the OpenAPI document', () => {
  test('it is valid OpenAPI 3.1', async () => {
    assert.match(document.openapi, /^3\.1\.\d+$/);
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document));
    assert.ok(result.valid, JSON.stringify(result.errors, null, 1));
  });

  test('every schema in it compiles', () => {
    for (const name of Object.keys(document.components?.schemas ?? {})) schemaAt(['components', 'schemas', name]);
  });

  test('every reference in it leads somewhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, $ref]) => $ref);
    assert.ok(references.length > 100, String(references.length));
    for (const $ref of references) assert.notEqual(resolve({ $ref }), undefined, $ref);
  });

  test('it is served as JSON, and says which mock it describes', async () => {
    const response = await mock.send('/_mock/openapi.json');
    assert.equal(response.headers['content-type'], 'application/json');
    assert.equal(document.info.title, 'Jeton mock: control API');
    assert.match(document.info.version, /^\d+\.\d+\.\d+$/);
  });

  test('every operation there is, and no other', () => {
    const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head'];
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(described.sort(), OPERATIONS.map(({ method, path }) => `${method} ${pathOf(path)}`).sort());
  });

  test('every operation has a name of its own, a summary, and its errors', () => {
    const names = OPERATIONS.map(({ method, path }) => operationOf(method, path).operationId);
    assert.equal(new Set(names).size, OPERATIONS.length);
    for (const { method, path, body } of OPERATIONS) {
      const operation = operationOf(method, path);
      assert.match(operation.summary, /\w/, `${method} ${path}`);
      const errors = ['400', '403', ...(OF_ALL.includes(path) ? [] : ['404']), ...(body ? ['413', '415'] : [])];
      // PUT makes the issuer that is not there yet.
      for (const status of errors.filter((status) => `${method} ${path} ${status}` !== 'PUT /issuer 404'))
        assert.ok(status in operation.responses, `${method} ${path}: ${status}`);
    }
  });

  test('every parameter is described, and issuer is one of nearly all', () => {
    for (const { method, path, query = {} } of OPERATIONS) {
      const item = document.paths[pathOf(path)];
      const names = [...(item.parameters ?? []), ...(operationOf(method, path).parameters ?? [])].map(
        (one) => resolve(one).name,
      );
      for (const name of Object.keys(query)) assert.ok(names.includes(name), `${method} ${path}: ${name}`);
      if (!OF_ALL.includes(path)) assert.ok(names.includes('issuer'), `${method} ${path}: issuer`);
    }
  });
});

describe('the OpenAPI document and the answers', { concurrency: 8 }, () => {
  for (const { method, path, body, query, status } of OPERATIONS) {
    test(`${method} ${path}: ${status}, as described`, async () => {
      const issuer = await mock.fresh().make();
      if (body) {
        const schema = bodySchema(method, path);
        assert.ok(schema(body), ajv.errorsText(schema.errors));
      }
      const response = await issuer.control(method, path, body, { query });
      assert.equal(response.status, status, response.text);
      isDescribed(method, path, response);
    });

    test(`${method} ${path}: its errors, as described`, async () => {
      const issuer = await mock.fresh().make();
      const ask = (content, options) => issuer.control(method, path, content, { query, ...options });
      const unknown = { query: { ...query, issuer: 'nobody here' } };
      const errors = [[403, await ask(body, { headers: { origin: 'https://evil.example' } })]];
      if (!OF_ALL.includes(path)) {
        // PUT would make the issuer, and refuses its name.
        errors.push([method === 'PUT' ? 400 : 404, await mock.at().control(method, path, body, unknown)]);
      }
      if (body) {
        errors.push([400, await ask({ ...body, oops: 1 })]);
        errors.push([415, await ask(body, { headers: { 'content-type': 'text/plain' } })]);
        errors.push([413, await ask(' '.repeat(65 * 1024), { fresh: true })]);
      }
      for (const [expected, response] of errors) {
        assert.equal(response.status, expected, response.text);
        isDescribed(method, path, response);
      }
    });

    if (body) {
      test(`${method} ${path}: the schema refuses what the mock refuses`, async () => {
        const schema = bodySchema(method, path);
        for (const refused of [{ ...body, oops: 1 }, [], null, 'x'])
          assert.equal(schema(refused), false, JSON.stringify(refused));
      });
    }
  }

  test('an issuer with everything: each list, as described', async () => {
    const issuer = await mock.fresh().make({
      users: [{ sub: 'a', name: 'A', claims: { x: 1 }, id_token: {}, access_token: {}, userinfo: {} }],
      clients: [
        {
          client_id: 'web',
          client_secret: 's',
          client_name: 'W',
          redirect_uris: ['https://app.example/cb'],
          grant_types: ['authorization_code'],
          scope: 'openid',
          audiences: ['https://api.example'],
          require_pkce: true,
          apis: [{ identifier: 'https://orders.example', scope: 'orders:read' }],
          labels: { team: 'a' },
        },
      ],
      apis: [
        {
          identifier: 'https://orders.example',
          aliases: ['urn:orders'],
          name: 'Orders',
          scopes: { 'orders:read': 'Read your orders' },
          access_token_lifetime: 60,
          access_token_format: 'opaque',
          access_token_signed_response_alg: 'ES256',
          client_claims: { tenant: 'blue' },
          client_claims_from: { team: 'labels.team' },
          introspection_clients: ['web'],
          self_registered_clients: true,
          disabled: true,
        },
      ],
      trust: [
        {
          issuer: 'https://ci.example',
          jwks_uri: 'https://ci.example/jwks',
          algorithms: ['ES256'],
          disabled: true,
          rules: [
            {
              name: 'one',
              disabled: true,
              audience: 'https://api.example',
              conditions: [
                { claim: 'sub', one_of: ['a', 'b'] },
                { claim: ['a', 'b'], equals: true },
                { claim: 'ref', prefix: 'x/' },
                { claim: 'groups', contains: 7 },
              ],
              client_id: 'web',
              scope: 'openid',
              audiences: ['https://api.example'],
              access_token_lifetime: 60,
              single_use: true,
              subject: 'hashed',
              impersonation: true,
            },
          ],
        },
      ],
      claims: [
        {
          match: { grant_type: 'x', scope: 'y', subject: '*' },
          id_token: {},
          userinfo: {},
          response: {},
          introspection: {},
          access_token_header: { typ: 'JWT' },
          id_token_header: {},
          next_login: true,
        },
      ],
      faults: [
        {
          fault: { status: 418, error: 'x', error_description: 'y', headers: { 'x-a': 'b' }, body: 'raw' },
          match: { endpoint: 'jwks', method: 'GET' },
        },
        { fault: 'slow-1ms' },
        { fault: 'expired', tokens: ['id_token'], nth: 2 },
      ],
      clock: { set: 1_700_000_000, freeze: true },
    });
    await issuer.token({ scope: 'x', resource: 'https://api.example' });
    await issuer.token({ grant_type: 'bogus' });
    await issuer.get('/.well-known/jwks.json');
    await issuer.get('/userinfo');
    await issuer.keys({ action: 'publish', alg: 'ES256' });
    for (const path of [
      '/issuers',
      '/issuer',
      '/users',
      '/clients',
      '/apis',
      '/trust',
      '/claims',
      '/faults',
      '/clock',
      '/keys',
      '/journal',
      '/journal/count',
    ]) {
      isDescribed('GET', path, await issuer.control('GET', path));
    }
    const taken = await issuer.control('POST', '/journal/take', undefined, { query: { timeout_ms: 0 } });
    assert.equal(taken.status, 200);
    isDescribed('POST', '/journal/take', taken);
    assert.equal((await issuer.journal()).length, 4);
  });

  test('the schemas know every fault name of the table', async () => {
    const schema = bodySchema('POST', '/faults');
    for (const fault of [
      'invalid_grant',
      'status-503',
      'rate-limit',
      'rate-limit-5',
      'slow-2s',
      'slow-20ms',
      'drop',
      'truncate',
      'html',
      'content-type-text',
      'empty',
      'missing-id_token',
      'expired',
      'alg-none',
      'without-sub',
    ]) {
      assert.ok(schema({ fault }), `${fault}: ${ajv.errorsText(schema.errors)}`);
    }
  });
});
