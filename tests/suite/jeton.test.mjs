// All rows in one process, so that they share a host.

import { readdirSync } from 'node:fs';

const rows = new URL('./rows/', import.meta.url);
for (const name of readdirSync(rows).sort()) await import(new URL(name, rows));
await import('./described.mjs');
await import('./logged.mjs');
