// Reads what template.yaml says, so that the tests run what is deployed.

import { readFileSync } from 'node:fs';

const template = new URL('../../template.yaml', import.meta.url);

/** The `Properties` of the resource `name`, in the plain YAML a template is written in. */
export function properties(name) {
  const lines = readFileSync(template, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => ({ indent: line.search(/\S/), text: line.trim() }));
  const at = lines.findIndex(({ indent, text }) => indent === 2 && text === `${name}:`);
  if (at < 0) throw new Error(`template.yaml has no resource ${name}`);
  const resource = block(lines.slice(at + 1), 2);
  return resource.Properties;
}

/** Mappings, sequences of mappings, and scalars as strings: no anchors, no flow style. */
function block(lines, parent) {
  const indent = lines[0]?.indent ?? 0;
  if (indent <= parent) return {};
  const end = lines.findIndex((line) => line.indent < indent);
  const own = end < 0 ? lines : lines.slice(0, end);

  if (own[0].text.startsWith('- ')) {
    const items = [];
    for (const { indent: column, text } of own) {
      if (column === indent) items.push([{ indent: column + 2, text: text.slice(2) }]);
      else items.at(-1).push({ indent: column, text });
    }
    return items.map((item) =>
      item[0].text.includes(': ') || item[0].text.endsWith(':') ? block(item, indent) : item[0].text,
    );
  }

  const mapping = {};
  own.forEach(({ indent: column, text }, i) => {
    if (column !== indent) return;
    const [, key, value] = text.match(/^([\w:]+):\s*(.*)$/) ?? [];
    if (key === undefined) throw new Error(`template.yaml: cannot read '${text}'`);
    mapping[key] = value || block(own.slice(i + 1), indent);
  });
  return mapping;
}
