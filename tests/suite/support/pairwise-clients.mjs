// The clients of the rows about pairwise subjects: four of one sector, one of another, and a service that they call.

import { createHmac } from 'node:crypto';
import { JWT_BEARER, TOKEN_EXCHANGE } from './assertion-clients.mjs';
import { DEVICE_GRANT, secretOf } from './grant-clients.mjs';

export const NORTH = 'north.example';
export const SOUTH = 'south.example';
export const PIER = 'https://pier.example';

/** The subject of a person in a sector, as README.md says. */
export const subjectIn = (sector, person, salt) =>
  createHmac('sha256', salt).update(`${sector}\0${person}`).digest('base64url');

const pairwise = (client_id, more = {}) => ({
  client_id,
  client_secret: secretOf(client_id),
  subject_type: 'pairwise',
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email offline_access read write',
  audiences: ['https://api.example', PIER],
  ...more,
});

const sector_identifier_uri = `https://${NORTH}/sector.json`;

export const pairwiseClients = {
  north: pairwise('north', {
    redirect_uris: [`https://${NORTH}/cb`, `https://${NORTH}:8443/cb`],
    post_logout_redirect_uris: [`https://${NORTH}/bye`],
    grant_types: ['authorization_code', 'refresh_token', JWT_BEARER],
  }),
  /** Its access tokens are opaque. */
  northSealed: pairwise('north-sealed', { redirect_uris: [`https://${NORTH}/x`], access_token_format: 'opaque' }),
  /** An app, which is of the sector because its record says so. */
  northApp: pairwise('north-app', {
    client_secret: undefined,
    token_endpoint_auth_method: 'none',
    redirect_uris: ['com.example.north:/cb', 'http://127.0.0.1/cb', `https://${SOUTH}/cb`],
    sector_identifier_uri,
  }),
  northTv: pairwise('north-tv', {
    client_secret: undefined,
    token_endpoint_auth_method: 'none',
    grant_types: [DEVICE_GRANT, 'refresh_token'],
    sector_identifier_uri,
  }),
  south: pairwise('south', { redirect_uris: [`https://${SOUTH}/cb`] }),
  /** A service that all of them call, and that calls another. It has no pairwise subjects itself. */
  pier: {
    client_id: PIER,
    client_secret: secretOf(PIER),
    grant_types: [TOKEN_EXCHANGE],
    scope: 'openid profile email read',
    audiences: ['https://api.example'],
  },
};
