import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { toolOf } from './support.js';

const { build } = toolOf('esbuild');

test('the main entry has at most 8.5 kB beyond oauth4webapi, minified and gzipped', async (t) => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../index.js', import.meta.url))],
    external: ['oauth4webapi'],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  t.diagnostic(`${size} bytes`);
  assert.ok(size <= 8700, `${size} bytes`);
});
