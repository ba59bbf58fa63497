// A guide, read: its blocks of code, and the files that they are parts of.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './workplace.mjs';

const BLOCK = /(?:^|\n)```(\w+)\n([\s\S]*?)\n```/g;
const FILE = /\[`[^`]+`\]\(\.\.\/examples\/([^)]+\.\w+)\)/g;

/** `[{ language, text, file }]` in order; `file` is the example that was named last, in the same section. */
export function blocks(guide) {
  const source = readFileSync(join(REPOSITORY, 'docs', `${guide}.md`), 'utf8');
  const found = [];
  let file;
  let end = 0;
  for (const match of source.matchAll(BLOCK)) {
    const between = source.slice(end, match.index);
    const sections = between.split(/\n#+ /);
    if (sections.length > 1) file = undefined;
    file = [...sections.at(-1).matchAll(FILE)].at(-1)?.[1] ?? file;
    const [whole, language, text] = match;
    found.push({ language, text, file });
    end = match.index + whole.length;
  }
  return found;
}
