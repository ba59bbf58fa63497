import { base64url } from 'jose';

const encoder = new TextEncoder();

export const bytesOf = (data) => (typeof data === 'string' ? encoder.encode(data) : data);
export const encoded = (buffer) => base64url.encode(new Uint8Array(buffer));

/** Of text or bytes, base64url. */
export const sha256 = async (data) => encoded(await crypto.subtle.digest('SHA-256', bytesOf(data)));
