// Which `jeton` is run: a named one, the one of the package for this platform, or whichever is on the PATH.

import { createRequire } from 'node:module';

export const binary = () => process.env.JETON_BIN || packaged() || 'jeton';

/** Absent where npm installed no package for this platform: it is optional. */
function packaged() {
  const name = `jeton-mock-${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/jeton${process.platform === 'win32' ? '.exe' : ''}`);
  } catch {
    return undefined;
  }
}
