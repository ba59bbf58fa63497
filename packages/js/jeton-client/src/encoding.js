export const hex = (bytes) => Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join('');

/** Of no such text, others. */
export const bytesOf = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
