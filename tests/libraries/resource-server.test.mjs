// The resource servers of all languages, by what they promise: each against a server that a row scripts.

import { readdirSync } from 'node:fs';
import { judge } from './support/rows.mjs';

const rows = new URL('./rows/resource-server/', import.meta.url);
for (const name of readdirSync(rows).sort()) await import(new URL(name, rows));
judge('resource-server');
