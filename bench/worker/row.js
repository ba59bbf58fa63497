// The limit a refresh of the Worker is measured against: parses the same form, has an object write one row,
// answers with as many bytes.

import { DurableObject } from 'cloudflare:workers';

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' };
/** Stands for the tokens: nothing is signed. */
const FILLER = {
  access_token: `eyJ${'x'.repeat(560)}`,
  id_token: `eyJ${'x'.repeat(480)}`,
  token_type: 'Bearer',
  expires_in: 3600,
};

export class Row extends DurableObject {
  open() {
    this.ctx.storage.sql.exec('CREATE TABLE record (id INTEGER PRIMARY KEY CHECK (id = 0), record TEXT NOT NULL)');
    this.write('');
  }

  write(record) {
    this.ctx.storage.sql.exec('INSERT OR REPLACE INTO record (id, record) VALUES (0, ?)', record);
  }
}

const objectOf = (env, id) => env.LEDGER.get(env.LEDGER.idFromName(`grant:${id}`));

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === '/open') {
      const id = crypto.randomUUID();
      await objectOf(env, id).open();
      return new Response(`jrt_${id}.1`);
    }
    const form = new URLSearchParams(await request.text());
    const [id, standing] = form.get('refresh_token').slice('jrt_'.length).split('.');
    const next = { ...FILLER, refresh_token: `jrt_${id}.${Number(standing) + 1}` };
    const body = JSON.stringify(next);
    // As long as a grant's record.
    await objectOf(env, id).write(body.slice(0, 600));
    return new Response(body, { headers: HEADERS });
  },
};
