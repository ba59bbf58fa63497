/** What could not be done, and whose fault that is. It never holds a token, a secret, a code or a verifier. */
export class ClientError extends Error {
  name = 'ClientError';

  /** @param {{ status?: number, retry_after?: number, description?: string }} about */
  constructor(fault, code, message, about) {
    super(about?.description ? `${message}: ${about.description}` : message);
    Object.assign(this, about, { fault, code });
  }
}

/** Throws one. */
export function fail(...about) {
  throw new ClientError(...about);
}

/** Not a fault of what was asked for: later it may go well. */
export const passes = ({ fault, status }) => fault === 'network' || status === 429 || status > 499;

/** No fault of whoever asks: what was had before serves on. */
export const isTheirs = ({ fault }) => /network|server/.test(fault);
