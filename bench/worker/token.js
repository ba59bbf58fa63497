// The Worker's work in plain JavaScript, without its care: authenticates one client, signs the same
// claims with ES256, writes a log line. What is left between this and the Worker is wasm's share.

const ID = 'bench';
const SECRET_SHA256 = '__SECRET_SHA256__';
const ES256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache' };
const encoder = new TextEncoder();

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const sha256 = async (text) => base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))));

let key;
let header;

export default {
  async fetch(request) {
    const form = new URLSearchParams(await request.text());
    const [id, secret] = atob(request.headers.get('authorization').slice('Basic '.length)).split(':');
    const known = id === ID && (await sha256(secret)) === SECRET_SHA256;
    if (!known || form.get('grant_type') !== 'client_credentials') return new Response(null, { status: 401 });

    key ??= (await crypto.subtle.generateKey(ES256, false, ['sign'])).privateKey;
    header ??= base64url(encoder.encode(JSON.stringify({ typ: 'at+jwt', alg: 'ES256', kid: await sha256('kid') })));
    const iat = Math.floor(Date.now() / 1000);
    const jti = base64url(crypto.getRandomValues(new Uint8Array(16)));
    const scope = 'read write';
    const claims = {
      iss: 'https://issuer.example',
      sub: id,
      aud: 'https://api.example',
      client_id: id,
      iat,
      exp: iat + 3600,
      jti,
      scope,
    };
    const signed = `${header}.${base64url(encoder.encode(JSON.stringify(claims)))}`;
    const signature = new Uint8Array(await crypto.subtle.sign(ES256, key, encoder.encode(signed)));

    console.log(
      JSON.stringify({
        time: iat,
        level: 'info',
        endpoint: 'token',
        status: 200,
        client_id: id,
        grant_type: 'client_credentials',
        jti,
      }),
    );
    const token = { access_token: `${signed}.${base64url(signature)}`, token_type: 'Bearer', expires_in: 3600, scope };
    return new Response(JSON.stringify(token), { headers: HEADERS });
  },
};
