// What is shipped, and how large it is.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Bytes beyond jose of an entry, minified and compressed. */
async function size(entry) {
  const { outputFiles } = await build({
    entryPoints: [`${folder}/${entry}`],
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['jose'],
    write: false,
  });
  const [{ contents }] = outputFiles;
  return gzipSync(contents, { level: 9 }).length;
}

describe('size', () => {
  // An introspection is an entry of its own, and all there is but the frameworks is in the second row.
  for (const [entry, most] of Object.entries({ 'index.js': 6144, 'test/everything.js': 7168 })) {
    test(`${entry}: at most ${most} bytes`, async (t) => {
      const bytes = await size(entry);
      t.diagnostic(`${entry}: ${bytes} bytes`);
      assert.ok(bytes <= most, `${bytes} bytes`);
    });
  }
});

describe('package', () => {
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));

  test('has what it exports, its types and its licences, and nothing of its tests', () => {
    const [{ files }] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8' }),
    );
    const packed = files.map(({ path }) => path);
    for (const entry of Object.values(manifest.exports).flatMap((one) => (one.types ? Object.values(one) : one))) {
      assert.ok(packed.includes(entry.slice(2)), entry);
    }
    for (const name of ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md']) assert.ok(packed.includes(name), name);
    assert.deepEqual(
      packed.filter(
        (path) => !/^(src\/[\w-]+\.js|[\w-]+(\.d)?\.[jt]s|package\.json|README\.md|LICENSE-\w+)$/.test(path),
      ),
      [],
    );
  });

  test('depends on jose alone', () => {
    assert.deepEqual(Object.keys(manifest.dependencies), ['jose']);
  });
});
