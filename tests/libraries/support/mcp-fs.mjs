// MCP's conformance suite asks `fs` for `globSync`, which Node has from 22 on: `node --import` this for Node 20. Only
// what the suite does not need here is missing then.

import { register } from 'node:module';

const text = (code) => `data:text/javascript,${encodeURIComponent(code)}`;

const FS = text(`
  export * from 'node:fs';
  import fs from 'node:fs';
  export default fs;
  export const globSync = fs.globSync ?? (() => []);
`);

register(
  text(`
    export const resolve = (specifier, context, next) =>
      specifier === 'fs' && context.parentURL?.includes('/@modelcontextprotocol/conformance/')
        ? { url: ${JSON.stringify(FS)}, shortCircuit: true }
        : next(specifier, context);
  `),
);
