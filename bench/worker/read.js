// The limit the Worker is measured against: reads the same body, answers with as many bytes.

const BODY = JSON.stringify({
  access_token: `eyJ${'x'.repeat(435)}`,
  token_type: 'Bearer',
  expires_in: 3600,
  scope: 'read write',
});
const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' };

export default {
  async fetch(request) {
    await request.text();
    return new Response(BODY, { headers: HEADERS });
  },
};
