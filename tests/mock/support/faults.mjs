// The table of fault names, written a second time.

/** RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 8707 §2. */
export const AUTHORIZE_ERRORS = [
  'invalid_request',
  'unauthorized_client',
  'access_denied',
  'unsupported_response_type',
  'invalid_scope',
  'server_error',
  'temporarily_unavailable',
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
  'invalid_target',
];

/** RFC 6749 §5.2, RFC 8628 §3.5, RFC 8707 §2; and what any endpoint may say when it is unwell. */
export const TOKEN_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'authorization_pending',
  'slow_down',
  'access_denied',
  'expired_token',
  'invalid_target',
  'server_error',
  'temporarily_unavailable',
];

/** RFC 6750 §3.1. */
export const BEARER_ERRORS = ['invalid_token', 'insufficient_scope'];

export const OAUTH_ERRORS = [...new Set([...AUTHORIZE_ERRORS, ...TOKEN_ERRORS, ...BEARER_ERRORS])];

export const statusOf = (error) =>
  ({ invalid_client: 401, server_error: 500, temporarily_unavailable: 503 })[error] ?? 400;

/** Token faults: what jose says of an access token that has it, and whether its signature is still good. */
export const TOKEN_FAULTS = {
  expired: { verdict: 'ERR_JWT_EXPIRED', signed: true },
  'not-yet-valid': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED nbf', signed: true },
  'wrong-issuer': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED iss', signed: true },
  'wrong-audience': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED aud', signed: true },
  'wrong-key': { verdict: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', signed: false },
  'alg-none': { verdict: 'ERR_JOSE_NOT_SUPPORTED', signed: false },
  tampered: { verdict: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', signed: false },
  'unknown-kid': { verdict: 'ERR_JWKS_NO_MATCHING_KEY', signed: false },
  'wrong-typ': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED typ', signed: true },
  oversized: { verdict: 'valid', signed: true },
  'without-sub': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED sub', signed: true },
  'without-iss': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED iss', signed: true },
  'without-aud': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED aud', signed: true },
  'without-exp': { verdict: 'ERR_JWT_CLAIM_VALIDATION_FAILED exp', signed: true },
};
