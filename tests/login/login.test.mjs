// All rows in one process, so that they share a host. `JETON_TARGET` names it: serve, worker, lambda.

import './support/secrets.mjs';
import { readdirSync } from 'node:fs';

const rows = new URL('./rows/', import.meta.url);
for (const name of readdirSync(rows).sort()) await import(new URL(name, rows));
await import('./logged.mjs');
