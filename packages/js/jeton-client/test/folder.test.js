import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { memoryStore } from 'jeton-client';
import { folderStore } from 'jeton-client/node';

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'jeton-client-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const bytes = (...all) => new Uint8Array(all);

for (const [what, make] of [
  ['a folder', async (t) => folderStore(join(await folder(t), 'deeper', 'still'))],
  ['memory', () => memoryStore()],
]) {
  test(`${what}: compare and swap`, async (t) => {
    const store = await make(t);
    assert.equal(await store.get('a'), undefined);
    assert.equal(await store.set('a', bytes(1), 'x'), false);
    assert.equal(await store.set('a', undefined, undefined), true);
    assert.equal(await store.set('a', bytes(1), undefined), true);
    const first = await store.get('a');
    assert.deepEqual(first.value, bytes(1));
    assert.equal(await store.set('a', bytes(2), undefined), false);
    assert.equal(await store.set('a', bytes(2), first.version), true);
    assert.equal(await store.set('a', bytes(3), first.version), false);
    assert.equal(await store.set('a', undefined, first.version), false);
    const second = await store.get('a');
    assert.deepEqual(second.value, bytes(2));
    assert.equal(await store.set('a', undefined, second.version), true);
    assert.equal(await store.get('a'), undefined);
    assert.equal(await store.set('a', bytes(4), second.version), false);
    assert.equal(await store.set('a', bytes(4), undefined), true);
    // A version never comes back.
    assert.equal(await store.set('a', bytes(5), first.version), false);
    assert.deepEqual((await store.get('a')).value, bytes(4));
    assert.equal(await store.get('A'), undefined);
    assert.equal(await store.set('../b/ä\0', bytes(1), undefined), true);
    assert.deepEqual((await store.get('../b/ä\0')).value, bytes(1));
  });
}

test('nobody else may read it, what is long superseded goes, and all that was removed', async (t) => {
  const path = await folder(t);
  const store = folderStore(path);
  const put = async (text) => store.set('a', text && bytes(...Buffer.from(text)), (await store.get('a'))?.version);
  assert.equal(await put('first'), true);
  const at = join(path, (await readdir(path))[0]);
  const files = async () => (await readdir(at)).map((name) => join(at, name));
  await put('second');
  await put('third');
  const [oldest] = (await files()).sort();
  await utimes(oldest, 0, 0);
  await put('fourth');
  assert.equal((await files()).includes(oldest), false);
  assert.equal((await stat(at)).mode & 0o77, 0);
  for (const file of await files()) assert.equal((await stat(file)).mode & 0o77, 0);
  assert.equal(await put(undefined), true);
  for (const file of await files()) assert.equal((await readFile(file)).length, 0, file);
});

test('what a process left that was killed while it wrote is cleared away, when it is old', async (t) => {
  const path = await folder(t);
  const store = folderStore(path);
  await store.set('a', bytes(1), undefined);
  const [name] = await readdir(path);
  const [old, young] = ['draft-old', 'draft-young'].map((draft) => join(path, name, draft));
  for (const draft of [old, young]) await writeFile(draft, 'x');
  await utimes(old, 0, 0);
  await store.set('a', bytes(2), (await store.get('a')).version);
  const left = await readdir(join(path, name));
  assert.ok(left.includes('draft-young') && !left.includes('draft-old'), String(left));
});

const COUNTER = `
  import { folderStore } from 'jeton-client/node';
  const store = folderStore(process.argv[1]);
  for (let done = 0; done < 40; ) {
    const found = await store.get('counter');
    const next = Number(Buffer.from(found?.value ?? '0').toString()) + 1;
    if (await store.set('counter', Buffer.from(String(next)), found?.version)) { done += 1; console.log(next); }
  }`;

test('eight processes that count: no number is missing, none is there twice', { timeout: 60_000 }, async (t) => {
  const path = await folder(t);
  const numbers = [];
  const counting = Array.from({ length: 8 }, async () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', COUNTER, path], {
      cwd: new URL('.', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) numbers.push(Number(line));
  });
  await Promise.all(counting);
  assert.deepEqual(
    numbers.sort((one, other) => one - other),
    Array.from({ length: 320 }, (_, at) => at + 1),
  );
});
