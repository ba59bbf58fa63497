// Codes, refresh tokens and seals as ARCHITECTURE.md describes them, written a second time: to look
// into them, to bend them, and to make what only another deployment or another time could.

import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { calculateJwkThumbprint, importJWK, SignJWT } from 'jose';
import { KEY_CONTEXT, SECRET } from './fixtures.mjs';

const u32 = (n) => {
  const b = Buffer.alloc(4);
  b.writeUInt32BE(n);
  return b;
};
const u64 = (n) => {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
};
const framed = (parts) =>
  Buffer.concat(parts.map((part) => Buffer.from(part)).flatMap((part) => [u64(part.length), part]));
const derive = (secret, ...info) => Buffer.from(hkdfSync('sha256', secret, '', framed(['jeton/v1', ...info]), 32));
const optional = (value) =>
  value === undefined ? Buffer.from([0]) : Buffer.concat([Buffer.from([1]), Buffer.from(value)]);

/** `prefix_ base64url(version ‖ key id ‖ grant id ‖ generation [‖ repeat ‖ H(redirect_uri)] ‖ MAC)`. */
export function parse(token) {
  const at = token.indexOf('_') + 1;
  const bytes = Buffer.from(token.slice(at), 'base64url');
  return {
    prefix: token.slice(0, at),
    version: bytes[0],
    keyId: bytes.subarray(1, 5),
    grant: bytes.subarray(5, 21),
    generation: bytes.readUInt32BE(21),
    redirect: bytes.length > 57 ? bytes.subarray(25, 58) : undefined,
    bytes,
  };
}

export const generationOf = (token) => parse(token).generation;

/** A token as the deployment with this `secret` would make it. */
export function mint({
  prefix,
  version = 1,
  grant,
  generation,
  redirect,
  client_id,
  challenge,
  secret = SECRET,
  issuer = KEY_CONTEXT,
}) {
  const keyId = Buffer.from(hkdfSync('sha256', secret, '', framed(['jeton/v1', 'token key id', issuer]), 4));
  const mac = createHmac('sha256', derive(secret, 'token', issuer))
    .update(
      framed([[version], prefix, issuer, grant, u32(generation), client_id, optional(redirect), optional(challenge)]),
    )
    .digest();
  const bytes = Buffer.concat([
    Buffer.from([version]),
    keyId,
    grant,
    u32(generation),
    redirect ?? Buffer.alloc(0),
    mac,
  ]);
  return prefix + bytes.toString('base64url');
}

/** The refresh token of another generation, or under another secret. */
export const remint = (token, client, changes) => mint({ ...parse(token), client_id: client.client_id, ...changes });

/** Every way to bend a token of ours a little: `[name, token]`. */
export function bent(token) {
  const { prefix, bytes } = parse(token);
  const text = token.slice(prefix.length);
  const flipped = (at) => {
    const copy = Buffer.from(bytes);
    copy[at < 0 ? copy.length + at : at] ^= 1;
    return prefix + copy.toString('base64url');
  };
  return [
    ['the version flipped', flipped(0)],
    ['the key id flipped', flipped(1)],
    ['the grant id flipped', flipped(5)],
    ['the end of the grant id flipped', flipped(20)],
    ['the generation flipped', flipped(24)],
    ['the first byte after the generation flipped', flipped(25)],
    ['the MAC flipped', flipped(-32)],
    ['the last byte flipped', flipped(-1)],
    ['truncated by a letter', token.slice(0, -1)],
    ['truncated to half', token.slice(0, token.length / 2)],
    ['truncated to its prefix', prefix],
    ['a letter more', `${token}A`],
    ['a byte more', prefix + Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')],
    ['padded', `${token}=`],
    ['a space before it', ` ${token}`],
    ['without its prefix', text],
    ['another prefix', `jxx_${text}`],
    ['the prefix in capitals', prefix.toUpperCase() + text],
    ...['jac_', 'jdc_', 'jrt_', 'jat_', 'jsr_', 'jst_', 'jsd_']
      .filter((other) => other !== prefix)
      .map((other) => [`the prefix ${other}`, other + text]),
    ...stray(bytes, prefix),
  ];
}

/** The same bytes in another spelling: bits that base64url leaves unused set. */
function stray(bytes, prefix) {
  if (bytes.length % 3 === 0) return [];
  const text = bytes.toString('base64url');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return [['stray bits at its end', prefix + text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) ^ 1]]];
}

/** What is sealed: XChaCha20-Poly1305, its key derived for the prefix. */
export function unseal(text, secret = SECRET) {
  const { prefix, bytes } = { prefix: text.slice(0, 4), bytes: Buffer.from(text.slice(4), 'base64url') };
  const { key, iv } = xchacha(derive(secret, 'seal', prefix, KEY_CONTEXT), bytes.subarray(0, 24));
  const decipher = createDecipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(KEY_CONTEXT));
  decipher.setAuthTag(bytes.subarray(-16));
  return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(24, -16)), decipher.final()]));
}

export function seal(prefix, value, secret = SECRET) {
  const nonce = randomBytes(24);
  const { key, iv } = xchacha(derive(secret, 'seal', prefix, KEY_CONTEXT), nonce);
  const cipher = createCipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 });
  cipher.setAAD(Buffer.from(KEY_CONTEXT));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()]);
  return prefix + Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** The same seal with `changes` to its members. */
export const reseal = (text, changes) => seal(text.slice(0, 4), { ...unseal(text), ...changes });

/** HChaCha20 (draft-irtf-cfrg-xchacha-03 §2.2) in front of what node:crypto has. */
function xchacha(key, nonce) {
  const words = new Uint32Array(16);
  const input = Buffer.concat([Buffer.from('expand 32-byte k'), key, nonce.subarray(0, 16)]);
  for (let n = 0; n < 16; n += 1) words[n] = input.readUInt32LE(4 * n);
  const rotate = (x, by) => (x << by) | (x >>> (32 - by));
  const quarter = (a, b, c, d) => {
    for (const [x, y, z, by] of [
      [a, b, d, 16],
      [c, d, b, 12],
      [a, b, d, 8],
      [c, d, b, 7],
    ]) {
      words[x] += words[y];
      words[z] = rotate(words[z] ^ words[x], by);
    }
  };
  for (let round = 0; round < 10; round += 1) {
    for (let n = 0; n < 4; n += 1) quarter(n, n + 4, n + 8, n + 12);
    for (let n = 0; n < 4; n += 1) quarter(n, 4 + ((n + 1) % 4), 8 + ((n + 2) % 4), 12 + ((n + 3) % 4));
  }
  const output = Buffer.alloc(32);
  for (const [n, word] of [0, 1, 2, 3, 12, 13, 14, 15].entries()) output.writeUInt32LE(words[word], 4 * n);
  return { key: output, iv: Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]) };
}

/** The private key that signs ES256 at `time`, derived a second time. */
export function signingKeyAt(time, { secret = SECRET, serial = 0 } = {}) {
  const epoch = Math.floor(time / (30 * 24 * 60 * 60));
  const d = derive(secret, 'signing', 'ES256', KEY_CONTEXT, u32(serial), u64(epoch), u32(0));
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(d);
  const [x, y] = [ecdh.getPublicKey().subarray(1, 33), ecdh.getPublicKey().subarray(33)];
  const text = (bytes) => bytes.toString('base64url');
  return { kty: 'EC', crv: 'P-256', x: text(x), y: text(y), d: text(d) };
}

/** An ID token with these claims, signed by that key. */
export async function idTokenBy(key, claims) {
  const header = { alg: 'ES256', typ: 'JWT', kid: await calculateJwkThumbprint(key) };
  return new SignJWT(claims).setProtectedHeader(header).sign(await importJWK(key, 'ES256'));
}

/** The claims of a JWT, unverified. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** `at_hash` for ES256 and RS256 (OpenID Connect Core §3.1.3.6). */
export const halfHash = (text) => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
