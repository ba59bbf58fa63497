import { fileURLToPath } from 'node:url';

export const bin = process.env.JETON_BIN ?? fileURLToPath(new URL('../../../../target/suite/jeton', import.meta.url));

export const get = async (url, headers) => (await fetch(url, { headers })).json();

export async function introspect(issuer, token) {
  const authorization = `Basic ${Buffer.from('demo:demo-secret').toString('base64')}`;
  const response = await fetch(issuer.introspectionEndpoint, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ token }),
  });
  return response.json();
}

export const kidsOf = async (issuer) => (await get(issuer.jwksUri)).keys.map(({ kid }) => kid);
