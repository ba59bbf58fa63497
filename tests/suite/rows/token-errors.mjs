import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { basic, FORM } from '../support/http.mjs';
import { clientCredentials, post } from '../support/target.mjs';

const authorization = basic(clients.m2m.client_id, clients.m2m.client_secret);
const GRANT = 'grant_type=client_credentials';
const LIMIT = 64 * 1024;

const rows = [
  ['§5.2: grant_type is missing', '', {}, 400, 'invalid_request'],
  ['§3.2: grant_type is empty', 'grant_type=', {}, 400, 'invalid_request'],
  ['§5.2: grant_type is unknown', 'grant_type=magic', {}, 400, 'unsupported_grant_type'],
  ['§5.2: grant_type is of another case', 'grant_type=Client_Credentials', {}, 400, 'unsupported_grant_type'],
  [
    '§5.2: the password grant is not offered',
    'grant_type=password&username=a&password=b',
    {},
    400,
    'unsupported_grant_type',
  ],
  ['§3.2: a parameter twice', `${GRANT}&scope=read&scope=write`, {}, 400, 'invalid_request'],
  ['§3.2: the same parameter and value twice', `${GRANT}&${GRANT}`, {}, 400, 'invalid_request'],
  ['§3.2: an unknown parameter twice', `${GRANT}&x=1&x=2`, {}, 400, 'invalid_request'],
  ['§3.2: a parameter twice, once encoded', `${GRANT}&scope=read&s%63ope=read`, {}, 400, 'invalid_request'],
  ['§3.3: a scope of spaces', `${GRANT}&scope=%20+`, {}, 400, 'invalid_scope'],
  ['Appendix B: the body is not UTF-8', `${GRANT}&scope=%ff%fe`, {}, 400, 'invalid_request'],
  [
    'Appendix B: a raw byte is not UTF-8',
    Buffer.concat([Buffer.from(`${GRANT}&scope=`), Buffer.from([0xff])]),
    {},
    400,
    'invalid_request',
  ],
  [
    '§3.2: a JSON body',
    '{"grant_type":"client_credentials"}',
    { 'content-type': 'application/json' },
    400,
    'invalid_request',
  ],
  ['§3.2: a multipart body', `--x\r\n`, { 'content-type': 'multipart/form-data; boundary=x' }, 400, 'invalid_request'],
  ['§3.2: a content type that only starts like a form', GRANT, { 'content-type': `${FORM}s` }, 400, 'invalid_request'],
];

for (const [name, body, headers, status, error] of rows) {
  test(`RFC 6749 ${name}: ${error}`, async () => {
    isError(await post('/token', body, { headers: { authorization, ...headers } }), status, error);
  });
}

test('RFC 6749 §3.2: no content type: invalid_request', async () => {
  const response = await post('/token', GRANT, { headers: { authorization, 'content-type': '' } });
  isError(response, 400, 'invalid_request');
});

test('RFC 9110 §15.5.14: a body over 64 KiB: 413', async () => {
  const padding = 'x'.repeat(LIMIT - `${GRANT}&pad=`.length);
  await isToken(await post('/token', `${GRANT}&pad=${padding}`, { headers: { authorization } }));
  isError(await post('/token', `${GRANT}&pad=${padding}x`, { headers: { authorization } }), 413, 'invalid_request');
  isError(await post('/token', 'x'.repeat(10 * LIMIT), { headers: { authorization } }), 413, 'invalid_request');
});

test('RFC 6749 §5.2: a client not registered for the grant: unauthorized_client', async () => {
  isError(await clientCredentials(clients.otherGrant), 400, 'unauthorized_client');
});

test('RFC 6749 §4.4: a public client cannot: unauthorized_client', async () => {
  const response = await post('/token', { grant_type: 'client_credentials', client_id: 'public' });
  isError(response, 400, 'unauthorized_client');
});

test('no error repeats what was sent', async () => {
  const response = await post('/token', 'grant_type=%3Cscript%3Ealert(1)%3C/script%3E', { headers: { authorization } });
  isError(response, 400, 'unsupported_grant_type');
  assert.ok(!response.text.includes('alert'));
});
