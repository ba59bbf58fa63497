// What goes wrong, by its code: whose fault it is, and how it is answered.

/** `[status, fault, error of the challenge]` of those that are not 401 `invalid_token`; the error is the code. */
const CODES = {
  missing_token: [401, 'caller', ''],
  invalid_request: [400, 'caller'],
  invalid_dpop_proof: [401],
  use_dpop_nonce: [401],
  insufficient_scope: [403],
  insufficient_user_authentication: [401],
  keys_unavailable: [503, 'server'],
  introspection_unavailable: [503, 'server'],
  replay_unavailable: [503, 'server'],
  invalid_issuer: [500, 'caller'],
  invalid_configuration: [500, 'caller'],
};

/** A failure as it is found, before it is known how the request was made. */
export class Refusal extends Error {
  /** @param {{ detail?: string, fault?: string, retryAfter?: number }} about */
  constructor(code, about = {}) {
    super(code);
    this.code = code;
    this.about = about;
  }
}

/** What a caller catches. It has nothing of the token, and no cause that might. */
export class ResourceServerError extends Error {
  name = 'ResourceServerError';

  constructor({ code, about: { detail, fault, retryAfter = 1 } }, challenge, nonce) {
    const [status, whose = 'token', error = code] = CODES[code] ?? [401, 'token', 'invalid_token'];
    const description = code.replaceAll('_', ' ');
    super(detail ? `${description}: ${detail}` : description);
    this.fault = fault ?? whose;
    this.code = code;
    this.status = status;
    // RFC 6750 §3.1: who sent nothing made no error.
    this.body = { ...(error && { error }), error_description: description };
    this.headers = { 'Cache-Control': 'no-store', ...EXPOSED };
    if (status === 503) {
      this.retryAfter = retryAfter;
      this.headers['Retry-After'] = `${retryAfter}`;
    } else if (status < 500) {
      this.challenge = challenge(error, description);
      this.headers['WWW-Authenticate'] = this.challenge;
      if (nonce) this.headers[NONCE] = nonce;
    }
  }

  /** The answer to the request. */
  response() {
    return Response.json(this.body, this);
  }
}

export const NONCE = 'DPoP-Nonce';
/** What a page of another origin reads (RFC 9449 §8.2). */
export const EXPOSE = 'Access-Control-Expose-Headers';
export const EXPOSED = { [EXPOSE]: 'WWW-Authenticate, DPoP-Nonce' };

/** What is wrong with the options: thrown where they are given, not at a request. */
export const misconfigured = (detail, code = 'invalid_configuration') =>
  new ResourceServerError(new Refusal(code, { detail }));
