// What template.yaml deploys, with and without what may be asked for.
// Run with: node --test tests/hosts/aws-template.test.mjs

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { template } from './aws-template.mjs';

const certificate = 'arn:aws:acm:eu-central-1:123456789012:certificate/1';
const domain = { DomainName: 'id.acme.dev', CertificateArn: certificate };
const execute = 'https://${Api}.execute-api.eu-central-1.amazonaws.com';
const issuers = ({ Resources, Outputs }) => [
  Resources.Function.Properties.Environment.Variables.JETON_ISSUER,
  Outputs.Issuer.Value,
];

test('without a domain the issuer is the address of the API', () => {
  const made = template();
  assert.deepEqual(issuers(made), [execute, execute]);
  assert.equal(made.Outputs.Endpoint.Value, execute);
  assert.equal(made.Resources.Api.Properties.DisableExecuteApiEndpoint, false);
  for (const name of ['Domain', 'Mapping', 'Record']) assert.equal(made.Resources[name], undefined, name);
});

test('with a domain it is the only name of the service', () => {
  const made = template(domain);
  assert.deepEqual(issuers(made), ['https://id.acme.dev', 'https://id.acme.dev']);
  assert.equal(made.Outputs.Endpoint, undefined);
  assert.equal(made.Outputs.DomainTarget.Value, '${Domain.RegionalDomainName}');
  const { Api, Domain, Mapping, Record } = made.Resources;
  assert.equal(Api.Properties.DisableExecuteApiEndpoint, true);
  assert.equal(Domain.Properties.DomainName, 'id.acme.dev');
  assert.deepEqual(Domain.Properties.DomainNameConfigurations, [
    { CertificateArn: certificate, EndpointType: 'REGIONAL', SecurityPolicy: 'TLS_1_2' },
  ]);
  assert.deepEqual(Mapping.Properties, { ApiId: '${Api}', DomainName: '${Domain}', Stage: '${Stage}' });
  assert.equal(Record, undefined);
});

test('its record is made in the hosted zone that is named', () => {
  const { Record } = template({ ...domain, HostedZoneId: 'Z1' }).Resources;
  assert.deepEqual(Record.Properties, {
    HostedZoneId: 'Z1',
    Name: 'id.acme.dev',
    Type: 'A',
    AliasTarget: { DNSName: '${Domain.RegionalDomainName}', HostedZoneId: '${Domain.RegionalHostedZoneId}' },
  });
  assert.equal(template({ HostedZoneId: 'Z1' }).Resources.Record, undefined);
});

test('an issuer that is given is the issuer', () => {
  const issuer = 'https://id.acme.dev/tenant';
  assert.deepEqual(issuers(template({ Issuer: issuer })), [issuer, issuer]);
  assert.deepEqual(issuers(template({ ...domain, Issuer: issuer })), [issuer, issuer]);
});

test("an example's address is refused", () => {
  const { DomainName, Issuer, LoginUrl, LogoutUrl } = template().Parameters;
  for (const [name, taken] of [
    ['id.acme.dev', true],
    ['my-example.com', true],
    ['example.com.au', true],
    ['example.com', false],
    ['id.example.net', false],
    ['a.b.example.org', false],
    ['id.invalid', false],
  ]) {
    assert.equal(new RegExp(DomainName.AllowedPattern).test(name), taken, name);
    for (const { AllowedPattern } of [Issuer, LoginUrl, LogoutUrl]) {
      for (const url of [`https://${name}`, `https://${name}:8443`, `https://${name}/path`]) {
        assert.equal(new RegExp(AllowedPattern).test(url), taken, url);
      }
    }
  }
});

test("secrets are under a key of the customer's", () => {
  const { Function: deployed, Key, Secret } = template().Resources;
  assert.equal(Key.Type, 'AWS::KMS::Key');
  assert.equal(Secret.Properties.KmsKeyId, '${Key.Arn}');
  assert.equal(deployed.Properties.KmsKeyArn, '${Key.Arn}');
  // The account's own policies decide, and nobody else's account is named.
  const [statement, ...others] = Key.Properties.KeyPolicy.Statement;
  assert.deepEqual(others, []);
  assert.deepEqual(statement.Principal, { AWS: 'arn:aws:iam::123456789012:root' });
  assert.equal(template().Parameters.Clients.NoEcho, true);
});

test('what cannot be made anew outlives the stack', () => {
  const { Key, Secret, Table } = template().Resources;
  for (const { DeletionPolicy, UpdateReplacePolicy } of [Key, Secret, Table]) {
    assert.deepEqual([DeletionPolicy, UpdateReplacePolicy], ['Retain', 'Retain']);
  }
  assert.equal(Table.Properties.DeletionProtectionEnabled, true);
});

test('the function may do what it does, and no more', () => {
  const [{ Statement }] = template().Resources.Function.Properties.Policies;
  const allowed = Statement.map(({ Effect, Action, Resource }) => [Effect, [Action].flat(), Resource]);
  assert.deepEqual(allowed, [
    ['Allow', ['kms:Decrypt'], '${Key.Arn}'],
    ['Allow', ['dynamodb:GetItem', 'dynamodb:Query'], '${Table.Arn}'],
    ['Allow', ['dynamodb:PutItem', 'dynamodb:UpdateItem'], '${Table.Arn}'],
    ['Allow', ['dynamodb:PutItem', 'dynamodb:DeleteItem'], '${Table.Arn}'],
    ['Allow', ['dynamodb:PutItem', 'dynamodb:DeleteItem'], '${Table.Arn}'],
  ]);
  const keys = ({ Condition }) => Condition['ForAllValues:StringLike']['dynamodb:LeadingKeys'];
  assert.deepEqual(keys(Statement[2]), ['grant#*', 'subject#*', 'marker#*', 'counter#*', 'cut_off', 'cut_off#*']);
  assert.deepEqual(keys(Statement[3]), ['personal#*']);
  assert.deepEqual(keys(Statement[4]), ['client', 'client#*', 'api', 'api#*', 'trust', 'trust#*']);
});

test('requests are throttled, and concurrency is reserved only where that is asked for', () => {
  const settings = (given) => template(given).Resources.Stage.Properties.DefaultRouteSettings;
  assert.deepEqual(settings(), { ThrottlingRateLimit: '1000', ThrottlingBurstLimit: '2000' });
  assert.deepEqual(settings({ ThrottleRate: '5', ThrottleBurst: '9' }), {
    ThrottlingRateLimit: '5',
    ThrottlingBurstLimit: '9',
  });
  const reserved = (given) => template(given).Resources.Function.Properties.ReservedConcurrentExecutions;
  assert.equal(reserved(), undefined);
  assert.equal(reserved({ ReservedConcurrency: '20' }), '20');
});

test('the access log has nothing that a caller chose but the method', () => {
  const { AccessLog, Stage } = template({ LogRetentionInDays: '7' }).Resources;
  const { DestinationArn, Format } = Stage.Properties.AccessLogSettings;
  assert.equal(DestinationArn, '${AccessLog.Arn}');
  assert.equal(AccessLog.Properties.RetentionInDays, '7');
  assert.ok(!Format.includes('\n'), 'one line');
  assert.deepEqual(Object.values(JSON.parse(Format)).toSorted(), [
    '$context.error.responseType',
    '$context.httpMethod',
    '$context.identity.sourceIp',
    '$context.integrationStatus',
    '$context.requestId',
    '$context.requestTimeEpoch',
    '$context.responseLatency',
    '$context.status',
  ]);
});

test('with the clients in a layer the variables hold two RSA keys and two secrets', () => {
  const layer = 'arn:aws:lambda:eu-central-1:123456789012:layer:jeton:1';
  const given = {
    ...domain,
    Clients: '@/opt/jeton/clients.json',
    ConfigurationLayer: layer,
    SigningAlgs: 'ES256 RS256',
    LoginUrl: 'https://login.acme.dev/login',
    LogoutUrl: 'https://login.acme.dev/logout',
  };
  const { Layers, Environment } = template(given).Resources.Function.Properties;
  assert.deepEqual(Layers, [layer]);
  assert.equal(template().Resources.Function.Properties.Layers, undefined);

  const key = () => ({
    ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
    alg: 'RS256',
    use: 'sig',
  });
  const variables = {
    ...Environment.Variables,
    JETON_SECRET: `${'a'.repeat(64)} ${'b'.repeat(64)}`,
    JETON_PAIRWISE_SALT: 'c'.repeat(64),
    JETON_SIGNING_JWKS: JSON.stringify({ keys: [key(), key()] }),
    JETON_TABLE: 'jeton-Table-1ABCDEFGHIJKL',
  };
  const bytes = Object.entries(variables).flat().join('').length;
  assert.ok(bytes <= 4096, `${bytes} bytes`);
});
