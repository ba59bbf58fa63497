// A store that processes share: a folder, with a folder in it for each name, and in that a file for each version.
// A version is written beside and then linked to its number, which only one of those who would succeeds in.

import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Milliseconds for which what was superseded stays, so that its number stays taken for whoever read before that and
 * writes only now; and after which nobody is still writing a draft.
 */
const SUPERSEDED = 60_000;
const VERSION = /^\d+$/;

/** @param {string} path a folder that nobody else may read; it is made where it is missing */
export function folderStore(path) {
  // Names may have characters, letter cases and lengths that file systems do not.
  const folderOf = (name) => join(path, createHash('sha256').update(name).digest('hex'));
  return {
    async get(name) {
      const folder = folderOf(name);
      for (;;) {
        const last = await lastOf(folder);
        if (last === 0) return undefined;
        const value = await readFile(join(folder, String(last))).catch(unlessMissing);
        // A version that is empty says that the record was removed.
        if (value) return value.length > 0 ? { value: new Uint8Array(value), version: String(last) } : undefined;
      }
    },

    async set(name, value, expected) {
      const folder = folderOf(name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const begun = Date.now();
      const last = await lastOf(folder);
      const { size } = (last > 0 && (await stat(join(folder, String(last))).catch(unlessMissing))) || { size: 0 };
      if (size > 0 ? String(last) !== expected : expected !== undefined) return false;
      if (value === undefined && size === 0) return true;
      // Whoever was held up for so long cannot tell what happened meanwhile.
      const isLate = () => Date.now() - begun > SUPERSEDED / 2;
      if (!(await linked(folder, last + 1, value ?? '', isLate))) return false;
      await cleared(folder, last + 1);
      if (value === undefined) await emptied(folder, last + 1);
      return true;
    },
  };
}

/** The number of the newest version; 0 of none. */
async function lastOf(folder) {
  const names = await readdir(folder).catch(unlessMissing);
  return Math.max(0, ...(names ?? []).filter((name) => VERSION.test(name)).map(Number));
}

/** Whether the version is now this one: nobody else's. */
async function linked(folder, version, value, isLate) {
  const draft = join(folder, `draft-${randomUUID()}`);
  try {
    await written(draft, value);
    if (isLate()) return false;
    await link(draft, join(folder, String(version)));
    await synced(folder);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** On the disk before anybody sees it, so that a loss of power leaves no half of it. */
async function written(path, value) {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(value);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Takes away what is long superseded, and what a process left that was killed while it wrote. */
async function cleared(folder, newest) {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!(VERSION.test(name) && Number(name) >= newest) && (await age(path)) > SUPERSEDED)
      await rm(path, { force: true });
  }
}

/** Takes away what the versions before held; their numbers stay taken. */
async function emptied(folder, newest) {
  for (const name of await readdir(folder)) {
    if (!VERSION.test(name) || Number(name) >= newest) continue;
    const draft = join(folder, `draft-${randomUUID()}`);
    await written(draft, '');
    await rename(draft, join(folder, name));
  }
  await synced(folder);
}

/** The names in it on the disk as well, where the system can. */
async function synced(folder) {
  const file = await open(folder, 'r').catch(() => {});
  try {
    await file?.sync();
  } catch {
    // Windows syncs no folders.
  } finally {
    await file?.close();
  }
}

const age = async (path) => Date.now() - ((await stat(path).catch(unlessMissing))?.mtimeMs ?? Date.now());

function unlessMissing(error) {
  if (error.code !== 'ENOENT') throw error;
}
