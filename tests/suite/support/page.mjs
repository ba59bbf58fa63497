// A page of the documents, taken apart, so that what stands there can be run and compared.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** The text of a document of this repository. */
export const page = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** The code blocks of the section with that heading: texts by their language, in order. */
export function blocks(text, heading) {
  const found = {};
  for (const [, language, lines] of sectionOf(text, heading).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    found[language] ??= [];
    found[language].push(lines);
  }
  return found;
}

/** The rows of the table of a section, as lists of cells, without its head. */
export function rows(text, heading) {
  const lines = sectionOf(text, heading)
    .split('\n')
    .filter((line) => line.startsWith('| '));
  assert.ok(lines.length > 1, `no table in ${heading}`);
  return lines.slice(1).map((line) => line.slice(2, -2).split(' | '));
}

function sectionOf(text, heading) {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `no section is called ${heading}`);
  return section;
}

/** The pieces of code in a text. */
export const codes = (text) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

/** Compares a value with what is shown of it, where `…` is for whatever there is. */
export function isShown(value, shown) {
  const masked = (has, shows) => {
    if (shows === '…' && has !== undefined) return '…';
    if (typeof has !== 'object' || typeof shows !== 'object' || has === null || shows === null) return has;
    return Object.fromEntries(Object.entries(has).map(([name, member]) => [name, masked(member, shows[name])]));
  };
  assert.deepEqual(masked(value, shown), shown);
}
