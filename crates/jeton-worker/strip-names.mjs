// Leaves the names of its functions out of the Worker that worker-build has built: a tenth of it, gzipped.
//
// worker-build keeps them, and until it has ended they are of use: by them wasm-opt puts functions that are alike
// side by side, where gzip sees it.

import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('build/index_bg.wasm', import.meta.url);
const wasm = readFileSync(file);

/** The number at a place (LEB128), and where it ends. */
function number(at) {
  let value = 0;
  let place = at;
  let shift = 1;
  for (;;) {
    const byte = wasm[place++];
    value += (byte & 0x7f) * shift;
    if (byte < 0x80) {
      return [value, place];
    }
    shift *= 0x80;
  }
}

/** Whether a section, whose contents begin there, has the names. */
function hasNames(kind, contents) {
  const [length, begin] = number(contents);
  return kind === 0 && wasm.toString('latin1', begin, begin + length) === 'name';
}

const kept = [wasm.subarray(0, 8)];
let at = 8;
while (at < wasm.length) {
  const [length, contents] = number(at + 1);
  if (!hasNames(wasm[at], contents)) {
    kept.push(wasm.subarray(at, contents + length));
  }
  at = contents + length;
}
writeFileSync(file, Buffer.concat(kept));
