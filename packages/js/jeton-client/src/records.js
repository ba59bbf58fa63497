// What is kept of a session: JSON under names of a store, sealed so that whoever reads the store learns nothing, and
// whoever writes it is found out. AES-256-GCM; 96 random bits come first, the name is associated data.

import { ClientError, fail } from './error.js';
import { sleep } from './time.js';

const AES = { name: 'AES-GCM', length: 256 };
/** How often a version may turn out to be superseded. */
const TRIES = 20;
const encode = (text) => new TextEncoder().encode(text);

/** @param given a text or bytes to derive the key from by HKDF-SHA-256, or a CryptoKey of AES-GCM; else the store's */
export function records({ store, key: given }, bytes) {
  let key;
  const about = async (name, iv) => {
    key ??= await keyOf(given ?? store.key?.());
    return [{ ...AES, iv, additionalData: encode(name) }, key];
  };

  async function seal(name, value) {
    const iv = bytes(12);
    const sealed = await crypto.subtle.encrypt(...(await about(name, iv)), encode(JSON.stringify(value)));
    return new Uint8Array([...iv, ...new Uint8Array(sealed)]);
  }

  /** Undefined where it is another key's, another name's, or damaged. */
  async function open(name, sealed) {
    const how = await about(name, sealed.slice(0, 12));
    try {
      return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(...how, sealed.slice(12))));
    } catch {
      return undefined;
    }
  }

  /** `{ value, version }`: without a value where it cannot be opened, without a version where there is none. */
  async function read(name) {
    const { value, version } = (await answered(() => store.get(name))) ?? {};
    return { value: value && (await open(name, value)), version };
  }

  /** Whether that version was still the one that stood. */
  async function write(name, value, version) {
    const sealed = value && (await seal(name, value));
    return answered(() => store.set(name, sealed, version));
  }

  /** Writes what `change` makes of the value that stands; that one. */
  async function update(name, change) {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { value, version } = await read(name);
      if (await write(name, change(value), version)) return value;
      await sleep(10 * tries);
    }
    return fail('network', 'unreachable', 'the store takes nothing');
  }

  return { seal, open, read, write, update };
}

/** A store that fails is away for a while. */
const answered = async (task) => {
  try {
    return await task();
  } catch (error) {
    if (error instanceof ClientError) throw error;
    return fail('network', 'unreachable', `the store failed: ${error?.message}`);
  }
};

async function keyOf(given) {
  const key = await given;
  if (key instanceof CryptoKey) return key;
  const bytes = typeof key === 'string' ? encode(key) : key;
  if (!(bytes?.length >= 16)) fail('caller', 'invalid_configuration', 'the key has less than 16 bytes');
  const material = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: encode(''), info: encode('jeton-client') };
  return crypto.subtle.deriveKey(derivation, material, AES, false, ['encrypt', 'decrypt']);
}
