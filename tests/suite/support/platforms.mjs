// Platforms that vouch for machines, as they are: their claims, and rules that say for whom their tokens
// stand. Their keys are pasted, so that these rows reach nobody; `keyOf` makes them.

import { fresh } from './assertions.mjs';
import { ISSUER } from './grant-clients.mjs';
import { keyOf } from './jws.mjs';

const now = () => Math.floor(Date.now() / 1000);

/** A platform: `token` makes one of its tokens, for a minute; a claim that is `undefined` is left out. */
const platform = (issuer, key, claims, header = {}) => ({
  issuer,
  key,
  token: (changes = {}, { header: more = {}, key: other = key } = {}) =>
    other.sign(
      { iss: issuer, aud: ISSUER, iat: now(), exp: now() + 60, ...claims(), ...changes },
      { ...header, ...more },
    ),
});

/** https://docs.github.com/actions/reference/security/oidc */
export const github = platform(
  'https://token.actions.githubusercontent.com',
  keyOf('RS256', 'github'),
  () => ({
    jti: fresh(),
    nbf: now() - 300,
    sub: 'repo:octo-org@65/octo-repo@74:environment:production',
    ref: 'refs/heads/main',
    sha: '9f8e7d6c5b4a39281706f5e4d3c2b1a098765432',
    repository: 'octo-org/octo-repo',
    repository_owner: 'octo-org',
    actor_id: '12',
    repository_visibility: 'private',
    repository_id: '74',
    repository_owner_id: '65',
    run_id: '42',
    run_number: '10',
    run_attempt: '2',
    runner_environment: 'github-hosted',
    actor: 'octocat',
    workflow: 'deploy',
    head_ref: '',
    base_ref: '',
    event_name: 'push',
    ref_protected: 'true',
    ref_type: 'branch',
    environment: 'production',
    job_workflow_ref: 'octo-org/octo-automation/.github/workflows/deploy.yml@refs/heads/main',
  }),
  { typ: 'JWT', x5t: 'vKx3uXG0yxyoTTFSsZHz9y0SBVo' },
);

/** https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens */
export const kubernetes = platform(
  'https://kubernetes.default.svc.cluster.local',
  keyOf('RS256', 'kubernetes'),
  () => ({
    aud: [ISSUER],
    exp: now() + 3607,
    nbf: now(),
    jti: 'ea28ed49-2e11-4280-9ec5-bc3d1d84661a',
    sub: 'system:serviceaccount:kube-system:deployer',
    'kubernetes.io': {
      namespace: 'kube-system',
      node: { name: '127.0.0.1', uid: '58456cb0-dd00-45ed-b797-5578fdceaced' },
      pod: { name: 'deployer-69cbfb9798-jv9gn', uid: '778a530c-b3f4-47c0-9cd5-ab018fb64f33' },
      serviceaccount: { name: 'deployer', uid: 'a087d5a0-e1dd-43ec-93ac-f13d89cd13af' },
      warnafter: now() + 3607,
    },
  }),
  { typ: undefined },
);

/** https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md. It needs no iss. */
export const spiffe = platform(
  'spiffe://example.org',
  keyOf('ES256', 'spiffe'),
  () => ({ iss: undefined, sub: 'spiffe://example.org/ns/prod/sa/deployer' }),
  { typ: 'JOSE' },
);

/** `sts:GetWebIdentityToken`, by ES384. */
export const aws = platform(
  'https://3a1b2c3d.tokens.sts.global.api.aws',
  keyOf('ES384', 'aws'),
  () => ({
    jti: fresh(),
    sub: 'arn:aws:iam::123456789012:role/deployer',
    'https://sts.amazonaws.com/': {
      aws_account: '123456789012',
      org_id: 'o-exampleorgid',
      principal_id: 'arn:aws:iam::123456789012:role/deployer',
    },
  }),
  { typ: 'JWT' },
);

/** One whose rules are about rules: each is met by a token of its case, and by what its name says. */
export const ci = platform('https://ci.example', keyOf('EdDSA', 'ci'), () => ({ jti: fresh(), sub: 'job:7' }));

/** A token of that case. */
export const ofCase = (name, claims = {}, more = {}) => ci.token({ case: `case: ${name}`, ...claims }, more);

/** An issuer that is disabled. */
export const retired = platform('https://retired.example', keyOf('ES256', 'retired'), () => ({ sub: 'job:7' }));

/** One that only ever signs by ES384, though it has other keys. */
export const narrow = platform('https://narrow.example', keyOf('ES384', 'narrow'), () => ({ sub: 'job:7' }));

const rule = (name, client_id, conditions, more = {}) => ({ name, client_id, conditions, ...more });
const ruleOf = (name, conditions = [], { client_id = 'deployer', ...more } = {}) =>
  rule(`rule: ${name}`, client_id, [{ claim: 'case', equals: `case: ${name}` }, ...conditions], more);

const PINNED = [
  { claim: 'repository_owner_id', equals: '65' },
  { claim: 'repository_id', equals: '74' },
];

/** What runs code that was reviewed. */
const EVENTS = { claim: 'event_name', one_of: ['push', 'release', 'workflow_dispatch'] };

/** Their documents: `JETON_TRUST`. */
export const trust = [
  {
    issuer: github.issuer,
    jwks: { keys: [github.key.jwk] },
    algorithms: ['RS256'],
    rules: [
      rule('production', 'deployer', [...PINNED, { claim: 'environment', equals: 'production' }, EVENTS], {
        scope: 'deploy read',
        audiences: ['https://api.example'],
        access_token_lifetime: 30,
        single_use: true,
      }),
      rule('pull requests', 'checker', [...PINNED, { claim: 'event_name', equals: 'pull_request' }], {
        accepted_dangers: ['unreviewed_code', 'any_ref'],
      }),
    ],
  },
  {
    issuer: kubernetes.issuer,
    jwks: { keys: [kubernetes.key.jwk] },
    rules: [
      rule('deployer', 'deployer', [
        { claim: 'sub', equals: 'system:serviceaccount:kube-system:deployer' },
        {
          claim: ['kubernetes.io', 'serviceaccount', 'uid'],
          equals: 'a087d5a0-e1dd-43ec-93ac-f13d89cd13af',
        },
      ]),
    ],
  },
  {
    issuer: spiffe.issuer,
    jwks: {
      keys: [
        { ...without(spiffe.key.jwk, 'alg'), use: 'jwt-svid' },
        { ...without(keyOf('ES256', 'x509').jwk, 'alg'), use: 'x509-svid' },
        { ...without(keyOf('ES256', 'no-kid').jwk, 'alg', 'kid'), use: 'jwt-svid' },
      ],
    },
    rules: [
      rule('production', 'workload', [{ claim: 'sub', prefix: 'spiffe://example.org/ns/prod/' }]),
      rule('team', 'workload', [{ claim: 'team', equals: 'deploy' }], { accepted_dangers: ['every_workload'] }),
    ],
  },
  {
    issuer: aws.issuer,
    jwks: { keys: [aws.key.jwk] },
    rules: [
      rule('role', 'deployer', [
        { claim: 'sub', equals: 'arn:aws:iam::123456789012:role/deployer' },
        { claim: ['https://sts.amazonaws.com/', 'aws_account'], equals: '123456789012' },
      ]),
    ],
  },
  {
    issuer: ci.issuer,
    jwks: { keys: [ci.key.jwk] },
    rules: [
      ruleOf('plain'),
      ruleOf('public', [], { client_id: 'public-deployer' }),
      ruleOf('number', [{ claim: 'level', equals: 3 }]),
      ruleOf('boolean', [{ claim: 'protected', equals: true }]),
      ruleOf('one of', [{ claim: 'event', one_of: ['push', 'release', 7] }]),
      ruleOf('prefix', [{ claim: 'ref', prefix: 'refs/heads/' }]),
      ruleOf('contains', [{ claim: 'groups', contains: 'deployers' }]),
      ruleOf('nested', [{ claim: ['ci.example/job', 'id'], equals: '7' }]),
      ruleOf('dotted', [{ claim: 'ci.example/job.id', equals: '7' }]),
      ruleOf('audience', [], { audience: 'https://jeton.example' }),
      ruleOf('hashed', [], { subject: 'hashed' }),
      ruleOf('hashed once', [], { subject: 'hashed', single_use: true }),
      ruleOf('pairwise', [], { client_id: 'north', subject: 'hashed' }),
      ruleOf('pairwise client', [], { client_id: 'north' }),
      ruleOf('impersonating', [], { subject: 'hashed', impersonation: true }),
      ruleOf('brief', [], { access_token_lifetime: 10 }),
      ruleOf('wide', [], {
        scope: 'read of-nobody',
        audiences: ['https://other.example', 'https://of-nobody.example'],
      }),
      ruleOf('none of its scope', [], { scope: 'of-nobody' }),
      ruleOf('once', [], { single_use: true }),
      ruleOf('disabled', [], { disabled: true }),
      ruleOf('of a client that is not there', [], { client_id: 'not-there' }),
      ruleOf('of a disabled client', [], { client_id: 'disabled-client' }),
      ruleOf('of a client without the grant', [], { client_id: 'grantless' }),
      ruleOf('of a client with a secret', [], { client_id: 'mover' }),
      ruleOf('of a client with a key', [], { client_id: 'moving-signer' }),
      // Both are met by one token.
      rule('one of two', 'deployer', [{ claim: 'both', equals: true }], { scope: 'read' }),
      rule('the other of two', 'checker', [{ claim: 'both', equals: true }], { scope: 'write' }),
      // So are these, of one client.
      rule('first', 'deployer', [{ claim: 'twice', equals: true }], { scope: 'read' }),
      rule('second', 'deployer', [{ claim: 'twice', equals: true }], { scope: 'write' }),
    ],
  },
  {
    issuer: retired.issuer,
    jwks: { keys: [retired.key.jwk] },
    disabled: true,
    rules: [rule('plain', 'deployer', [{ claim: 'sub', equals: 'job:7' }])],
  },
  {
    issuer: narrow.issuer,
    jwks: { keys: [narrow.key.jwk, keyOf('ES256', 'narrow').jwk] },
    algorithms: ['ES384'],
    rules: [rule('plain', 'deployer', [{ claim: 'sub', equals: 'job:7' }])],
  },
];

function without(jwk, ...names) {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !names.includes(name)));
}
