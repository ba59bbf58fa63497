// What the management interface does to a document, the same for clients, APIs and trust documents: made,
// listed, read, replaced, patched, removed, by several at once and by whoever lost an answer.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ISSUER } from '../support/fixtures.mjs';
import { etagOf, isRefused, kinds, management, newId, succeeded } from '../support/management.mjs';
import { startFor, unless } from '../support/target.mjs';

/** How many documents a page has. */
const PAGE = 40;
/** The ETag of nothing that is there. */
const OTHER = `"${'A'.repeat(43)}"`;

/** Ids as somebody could choose them: each is one segment of a path when it is percent-encoded. */
const ODD = [
  'a b',
  'a%20b',
  'a+b',
  'a/b',
  '../a',
  '..',
  '.',
  'a?b=c',
  'a#b',
  'a;b',
  'a:b@c',
  'a"b',
  "a'b",
  'a\\b',
  '{a}',
  '<a>',
  '~a!$&()*,=',
  'https://app.example/client?x=%2F',
  'x'.repeat(200),
];

for (const { kind, fresh, idOf, changes, name, error } of kinds) {
  describe(`/manage/${kind}`, { concurrency: 8 }, () => {
    /** A document that is there: itself, its id and its ETag. */
    const standing = async (by, more = {}) => {
      const document = { ...fresh(), ...more };
      const response = await by[kind].create(document);
      succeeded(response, 201);
      return { document, id: idOf(document), etag: etagOf(response) };
    };

    test('RFC 9110 §15.3.2: POST makes one, says where it is, and it is there', async () => {
      const by = await management();
      const document = fresh();
      const response = await by[kind].create(document);
      const id = idOf(document);
      assert.equal(response.headers.location, `${ISSUER}/manage/${kind}/${encodeURIComponent(id)}`);
      const { client_secret, client_secret_expires_at, ...answered } = succeeded(response, 201);
      const read = await by[kind].read(id);
      assert.deepEqual(succeeded(read), answered);
      assert.equal(etagOf(read), etagOf(response));
      for (const [member, value] of Object.entries(document)) assert.deepEqual(answered[member], value, member);
    });

    test('POST where one is: 409 already_exists, and it stays as it is', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      isRefused(await by[kind].create({ ...document, ...changes }), 409, 'already_exists');
      isRefused(await by[kind].create(document), 409, 'already_exists');
      assert.equal(etagOf(await by[kind].read(id)), etag);
    });

    test('RFC 9110 §13.1.2: PUT with If-None-Match: * makes one, and replaces none', async () => {
      const by = await management();
      const document = fresh();
      const id = idOf(document);
      const response = await by[kind].put(id, document);
      succeeded(response, 201);
      const etag = etagOf(response);
      isRefused(await by[kind].put(id, { ...document, ...changes }), 412, 'precondition_failed');
      assert.equal(etagOf(await by[kind].read(id)), etag);
    });

    test('RFC 9110 §13.1.1: PUT with If-Match replaces what has that ETag, whole', async () => {
      const by = await management();
      const { document, id } = await standing(by);
      const etag = etagOf(await by[kind].patch(id, changes));
      const response = await by[kind].replace(id, document, etag);
      const answered = succeeded(response);
      for (const member of Object.keys(changes)) assert.ok(!(member in answered), `${member} is left out`);
      assert.notEqual(etagOf(response), etag);
      assert.deepEqual(succeeded(await by[kind].read(id)), answered);
      for (const wrong of [etag, OTHER, `W/${etagOf(response)}`, `${OTHER}, ${etag}`, '""']) {
        const refused = await by[kind].replace(id, { ...document, ...changes }, wrong);
        isRefused(refused, 412, 'precondition_failed');
      }
      assert.equal(etagOf(await by[kind].read(id)), etagOf(response));
    });

    test('RFC 9110 §13.1.1: If-Match may be a list, or *', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      succeeded(await by[kind].replace(id, { ...document, ...changes }, `${OTHER}, ${etag} , "x"`));
      succeeded(await by[kind].replace(id, document, '*'));
      const absent = fresh();
      isRefused(await by[kind].replace(idOf(absent), absent, '*'), 412, 'precondition_failed');
      isRefused(await by[kind].replace(idOf(absent), absent, OTHER), 412, 'precondition_failed');
      isRefused(await by[kind].read(idOf(absent)), 404, 'not_found');
    });

    test('a condition that is no condition: 400', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      for (const wrong of ['x', '"', etag.slice(1), `${etag} ${etag}`]) {
        isRefused(await by[kind].replace(id, document, wrong), 400, 'invalid_request');
        isRefused(await by[kind].patch(id, changes, wrong), 400, 'invalid_request');
        isRefused(await by[kind].remove(id, wrong), 400, 'invalid_request');
      }
      const headers = { 'if-match': etag, 'if-none-match': '*' };
      isRefused(await by[kind].ask('PUT', id, { body: document, headers }), 400, 'invalid_request');
      assert.equal(etagOf(await by[kind].read(id)), etag);
    });

    test('RFC 6585 §3: PUT without a condition: 428, and nothing is written', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      const absent = fresh();
      for (const [at, body] of [
        [id, { ...document, ...changes }],
        [idOf(absent), absent],
      ]) {
        isRefused(await by[kind].ask('PUT', at, { body }), 428, 'precondition_required');
      }
      assert.equal(etagOf(await by[kind].read(id)), etag);
      isRefused(await by[kind].read(idOf(absent)), 404, 'not_found');
    });

    test(`PUT and PATCH of another ${name}: refused, and nothing is written`, async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      const another = fresh();
      isRefused(await by[kind].replace(id, another, etag), 400, error, name);
      isRefused(await by[kind].put(idOf(another), document), 400, error, name);
      isRefused(await by[kind].patch(id, { [name]: another[name] }), 400, error, name);
      isRefused(await by[kind].patch(id, { [name]: null }), 400, error, name);
      succeeded(await by[kind].patch(id, { [name]: document[name] }));
      assert.equal(etagOf(await by[kind].read(id)), etag);
      isRefused(await by[kind].read(idOf(another)), 404, 'not_found');
    });

    test('RFC 7396: PATCH changes what it names, and nothing else', async () => {
      const by = await management();
      const { id, etag } = await standing(by);
      const before = succeeded(await by[kind].read(id));
      const response = await by[kind].patch(id, changes);
      assert.deepEqual(succeeded(response), { ...before, ...changes });
      assert.notEqual(etagOf(response), etag);
      const none = Object.fromEntries(Object.keys(changes).map((member) => [member, null]));
      const back = await by[kind].patch(id, none);
      assert.deepEqual(succeeded(back), before);
      assert.equal(etagOf(back), etag, 'what comes back has its ETag again');
      for (const nothing of [{}, none]) {
        const response = await by[kind].patch(id, nothing);
        assert.deepEqual(succeeded(response), before);
        assert.equal(etagOf(response), etag);
      }
    });

    test('RFC 9110 §13.1.1: PATCH and DELETE with If-Match', async () => {
      const by = await management();
      const { id, etag } = await standing(by);
      isRefused(await by[kind].patch(id, changes, OTHER), 412, 'precondition_failed');
      isRefused(await by[kind].remove(id, OTHER), 412, 'precondition_failed');
      assert.equal(etagOf(await by[kind].read(id)), etag);
      const next = etagOf(await by[kind].patch(id, changes, etag));
      isRefused(await by[kind].remove(id, etag), 412, 'precondition_failed');
      succeeded(await by[kind].remove(id, next), 204);
      isRefused(await by[kind].read(id), 404, 'not_found');
    });

    test('RFC 9110 §13.1.2: GET with If-None-Match: 304 while it is the same', async () => {
      const by = await management();
      const { id, etag } = await standing(by);
      const headers = { 'if-none-match': etag };
      const same = await by[kind].ask('GET', id, { headers });
      assert.equal(same.status, 304, same.text);
      assert.equal(same.headers.etag, etag);
      assert.equal(same.text, '');
      succeeded(await by[kind].patch(id, changes));
      succeeded(await by[kind].ask('GET', id, { headers }));
    });

    test('DELETE: 204, then it is gone for everything', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      succeeded(await by[kind].remove(id), 204);
      isRefused(await by[kind].read(id), 404, 'not_found');
      isRefused(await by[kind].patch(id, changes), 404, 'not_found');
      const again = await by[kind].remove(id);
      // Of a client it is known that it was there.
      if (kind === 'clients') succeeded(again, 204);
      else isRefused(again, 404, 'not_found');
      const replaced = await by[kind].replace(id, document, etag);
      if (kind === 'clients') isRefused(replaced, 409, 'already_exists');
      else isRefused(replaced, 412, 'precondition_failed');
      assert.ok(!(await by[kind].all()).some((item) => item.id === id));
    });

    test('what is not there: 404 not_found', async () => {
      const by = await management();
      for (const id of ['nothing', idOf(fresh()), 'ä', '\u0000', 'x'.repeat(300)]) {
        isRefused(await by[kind].read(id), 404, 'not_found');
        isRefused(await by[kind].patch(id, changes), 404, 'not_found');
        isRefused(await by[kind].remove(id), 404, 'not_found');
      }
    });

    test('a lost answer: the same again is the same success', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      const first = await by[kind].replace(id, { ...document, ...changes }, etag);
      const again = await by[kind].replace(id, { ...document, ...changes }, etag);
      assert.deepEqual([again.status, again.text, again.headers.etag], [200, first.text, etagOf(first)]);
      const patched = await by[kind].patch(id, { disabled: true }, etagOf(first));
      const twice = await by[kind].patch(id, { disabled: true }, etagOf(first));
      assert.deepEqual([twice.status, twice.text], [patched.status, patched.text]);
    });

    test('a member that nobody knows is refused, by its name', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      const wrong = { ...document, dissabled: true };
      const said = kind === 'clients' ? "'dissabled': " : 'dissabled: no such member';
      isRefused(await by[kind].create({ ...fresh(), dissabled: true }), 400, error, said);
      isRefused(await by[kind].replace(id, wrong, etag), 400, error, said);
      isRefused(await by[kind].patch(id, { dissabled: true }), 400, error, said);
      succeeded(await by[kind].patch(id, { dissabled: null }));
      assert.equal(etagOf(await by[kind].read(id)), etag);
    });

    test('a patch that leaves no good document is refused, and nothing is written', async () => {
      const by = await management();
      const { id, etag } = await standing(by);
      isRefused(await by[kind].patch(id, { disabled: 'yes' }), 400, error, 'disabled');
      isRefused(await by[kind].patch(id, { ...changes, disabled: [] }), 400, error, 'disabled');
      assert.equal(etagOf(await by[kind].read(id)), etag);
    });

    test('of twenty who make the same at once, one does', async () => {
      const by = await management();
      const document = fresh();
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          by[kind].put(idOf(document), { ...document, ...(n % 2 && changes), ...distinct(kind, n) }),
        ),
      );
      const won = made.filter(({ status }) => status === 201);
      assert.equal(won.length, 1, made.map(({ status }) => status).join());
      for (const lost of made.filter((one) => one !== won[0])) isRefused(lost, 412, 'precondition_failed');
      assert.equal(etagOf(await by[kind].read(idOf(document))), etagOf(won[0]));
    });

    test('of twenty who replace the same at once, one does', async () => {
      const by = await management();
      const { document, id, etag } = await standing(by);
      const replaced = await Promise.all(
        Array.from({ length: 20 }, (_, n) => by[kind].replace(id, { ...document, ...distinct(kind, n) }, etag)),
      );
      const won = replaced.filter(({ status }) => status === 200);
      assert.equal(won.length, 1, replaced.map(({ status }) => status).join());
      for (const lost of replaced.filter((one) => one !== won[0])) isRefused(lost, 412, 'precondition_failed');
      assert.equal(etagOf(await by[kind].read(id)), etagOf(won[0]));
    });

    test('two who remove the same at once: it is gone, and nobody is told otherwise', async () => {
      const by = await management();
      const { id } = await standing(by);
      const removed = await Promise.all([by[kind].remove(id), by[kind].remove(id)]);
      assert.deepEqual(
        removed.map(({ status }) => status).filter((status) => ![204, 404].includes(status)),
        [],
      );
      assert.ok(removed.some(({ status }) => status === 204));
      isRefused(await by[kind].read(id), 404, 'not_found');
    });
  });
}

/** Members by which a document of `kind` is unlike the others. */
const distinct = (kind, n) =>
  kind === 'clients'
    ? { client_name: `Number ${n}` }
    : kind === 'apis'
      ? { name: `Number ${n}` }
      : { jwks_uri: `https://ci.example/${n}`, jwks: undefined };

describe('pages', { skip: unless.startable }, () => {
  for (const { kind, fresh, idOf } of kinds) {
    test(`/manage/${kind}: all of more than two pages, each once, in the order of their ids`, async (t) => {
      const on = await startFor(t);
      const by = await management({ on });
      const before = await by[kind].all();
      const documents = Array.from({ length: 2 * PAGE + 3 }, fresh);
      const etags = new Map();
      for (let n = 0; n < documents.length; n += 8) {
        const some = documents.slice(n, n + 8);
        const answers = await Promise.all(some.map((document) => by[kind].create(document)));
        answers.forEach((response, at) => {
          succeeded(response, 201);
          etags.set(idOf(some[at]), etagOf(response));
        });
      }
      const pages = await by[kind].pages();
      const items = pages.flat();
      const ids = [...before.map(({ id }) => id), ...etags.keys()];
      assert.deepEqual(
        items.map(({ id }) => id),
        ids.sort(),
      );
      for (const page of pages) assert.ok(page.length <= PAGE);
      for (const { id, etag, document, ...rest } of items) {
        if (etags.has(id)) assert.equal(etag, etags.get(id));
        assert.equal(idOf(document), id);
        assert.deepEqual(rest, {});
      }
      const last = items.at(-1);
      assert.deepEqual(succeeded(await by[kind].read(last.id)), last.document);

      // Whoever turns the page while others write misses nothing that stays.
      const first = succeeded(await by[kind].list());
      succeeded(await by[kind].remove(first.items[0].id), 204);
      succeeded(await by[kind].create(fresh()), 201);
      const second = succeeded(await by[kind].list({ after: first.next }));
      const seen = [...first.items, ...second.items].map(({ id }) => id);
      for (const { id } of items.slice(0, 2 * PAGE - 2)) assert.ok(seen.includes(id), id);
    });
  }

  test('a cursor that nobody gave opens nothing', async (t) => {
    const on = await startFor(t);
    const by = await management({ on });
    for (const { kind } of kinds) {
      for (const after of ['~~~', "~'; DROP TABLE document; --"]) assert.deepEqual(await by[kind].all({ after }), []);
      isRefused(await by[kind].list({ after: 'x'.repeat(5000) }), 400, 'invalid_request');
      isRefused(await by.ask('GET', `${kind}?after=a&after=b`), 400, 'invalid_request');
    }
  });
});

describe('an id of any characters', { concurrency: 8 }, () => {
  for (const odd of ODD) {
    test(`${odd.slice(0, 40)}`, async () => {
      const by = await management();
      const id = `${odd}${newId('-')}`;
      const document = { ...kinds[0].fresh(), client_id: id };
      const created = await by.clients.create(document);
      assert.equal(succeeded(created, 201).client_id, id);
      const { pathname } = new URL(created.headers.location);
      assert.equal(decodeURIComponent(pathname.slice('/manage/clients/'.length)), id);
      assert.ok(!pathname.slice('/manage/clients/'.length).includes('/'));
      assert.equal(succeeded(await by.clients.read(id)).client_id, id);
      const at = await by.ask('GET', pathname.slice('/manage/'.length));
      assert.equal(succeeded(at).client_id, id, 'at its Location');
      succeeded(await by.clients.patch(id, { client_name: 'Odd' }, etagOf(created)));
      succeeded(await by.clients.remove(id), 204);
      isRefused(await by.clients.read(id), 404, 'not_found');
    });
  }
});
