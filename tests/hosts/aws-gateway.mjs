// What stands between HTTP and a Lambda function: each gateway turns a request into its own event
// and the function's answer back into a response, as AWS documents it.
//
// A gateway is { event(request), answer(payload), failure(), bodyLimit }:
//   request  { method, target, rawHeaders: [name, value, …], body: Buffer, sourceIp }
//   payload  what the function returned, as a JSON string
//   answer   { status, reason?, headers: [[name, value], …], body: Buffer }, or throws: a failure

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * HTTP API, payload format 2.0, `$default` stage and route.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const httpApi = () => ({
  bodyLimit: 10 * 1024 * 1024,
  event: (request) =>
    version2(request, {
      accountId: '123456789012',
      apiId: 'a1b2c3d4e5',
      domain: 'execute-api.eu-central-1.amazonaws.com',
    }),
  answer: version2Answer,
  failure: () => json(502, { message: 'Internal Server Error' }),
});

/**
 * Function URL with AuthType NONE: the same payload with its own context.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export const functionUrl = () => ({
  bodyLimit: 6 * 1024 * 1024,
  event: (request) =>
    version2(request, {
      accountId: 'anonymous',
      apiId: 'k5tqkaogwvrnyk3zpzlq5ag6qe0abcde',
      domain: 'lambda-url.eu-central-1.on.aws',
    }),
  answer: version2Answer,
  failure: () => ({
    status: 502,
    headers: [['content-type', 'application/json']],
    body: Buffer.from('Internal Server Error'),
  }),
});

const BAD_GATEWAY = [
  '<html>',
  '<head><title>502 Bad Gateway</title></head>',
  '<body>',
  '<center><h1>502 Bad Gateway</h1></center>',
  '</body>',
  '</html>',
  '',
].join('\r\n');

/**
 * Application Load Balancer target group; `multiValueHeaders` is the attribute
 * `lambda.multi_value_headers.enabled`, off unless asked for.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
 */
export const alb = ({ multiValueHeaders = false } = {}) => ({
  bodyLimit: 1024 * 1024,
  event(request) {
    const [path, query] = splitTarget(request.target);
    const headers = [...incomingHeaders(request), ...forwarded(request)];
    // Keys and values stay as they were sent: the load balancer decodes nothing.
    const parameters = query
      .split('&')
      .filter(Boolean)
      .map((pair) => {
        const at = pair.indexOf('=');
        return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      });
    return {
      requestContext: {
        elb: {
          targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/jeton/49e9d65c45c6791a',
        },
      },
      httpMethod: request.method,
      path,
      ...(multiValueHeaders
        ? { multiValueQueryStringParameters: grouped(parameters), multiValueHeaders: grouped(headers) }
        : { queryStringParameters: Object.fromEntries(parameters), headers: Object.fromEntries(headers) }),
      body: '',
      ...bodyFields(request),
    };
  },
  answer(payload) {
    const answer = JSON.parse(payload);
    if (!Number.isInteger(answer?.statusCode)) throw new Error('no statusCode');
    const headers = multiValueHeaders
      ? Object.entries(answer.multiValueHeaders ?? {}).flatMap(([name, values]) => values.map((value) => [name, value]))
      : Object.entries(answer.headers ?? {});
    const reason = answer.statusDescription?.replace(/^\d{3} /, '');
    return { status: answer.statusCode, reason, headers: checked(headers), body: answerBody(answer) };
  },
  failure: () => ({
    status: 502,
    headers: [['content-type', 'text/html']],
    body: Buffer.from(BAD_GATEWAY),
  }),
});

/** Serves `gateway` on a free port, calling `invoke(json)` for each request. */
export async function listen(gateway, invoke) {
  const server = createServer((incoming, outgoing) => {
    respond(gateway, invoke, incoming).then(
      ({ status, reason, headers, body }) => {
        const sent = [...headers.flat(), 'content-length', String(body.length)];
        outgoing.writeHead(status, ...(reason ? [reason] : []), sent).end(body);
      },
      (error) => outgoing.destroy(error),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function respond(gateway, invoke, incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (body.length > gateway.bodyLimit) return json(413, { message: 'Request Entity Too Large' });

  const event = gateway.event({
    method: incoming.method,
    target: incoming.url,
    rawHeaders: incoming.rawHeaders,
    body,
    sourceIp: incoming.socket.remoteAddress,
  });
  const outcome = await invoke(JSON.stringify(event));
  if (outcome.error) return gateway.failure();
  try {
    return gateway.answer(outcome.payload);
  } catch {
    return gateway.failure();
  }
}

// --- payload format 2.0 ---

function version2(request, { accountId, apiId, domain }) {
  const [rawPath, rawQueryString] = splitTarget(request.target);
  const headers = [...incomingHeaders(request), ...forwarded(request)];
  const cookies = headers.filter(([name]) => name === 'cookie').flatMap(([, value]) => value.split(/;\s*/));
  const parameters = [...new URLSearchParams(rawQueryString)];
  const domainName = `${apiId}.${domain}`;
  const now = new Date();
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers: commaJoined([...headers.filter(([name]) => name !== 'cookie' && name !== 'host'), ['host', domainName]]),
    ...(parameters.length > 0 && { queryStringParameters: commaJoined(parameters) }),
    requestContext: {
      accountId,
      apiId,
      domainName,
      domainPrefix: apiId,
      http: {
        method: request.method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers.find(([name]) => name === 'user-agent')?.[1] ?? '',
      },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: requestTime(now),
      timeEpoch: now.getTime(),
    },
    isBase64Encoded: false,
    ...bodyFields(request),
  };
}

function version2Answer(payload) {
  const answer = JSON.parse(payload);
  // Without a status code the whole answer is the body.
  if (answer?.statusCode === undefined) return json(200, answer);
  if (!Number.isInteger(answer.statusCode)) throw new Error('statusCode is not an integer');
  const headers = Object.entries(answer.headers ?? {});
  const cookies = (answer.cookies ?? []).map((cookie) => ['set-cookie', cookie]);
  return { status: answer.statusCode, headers: checked([...headers, ...cookies]), body: answerBody(answer) };
}

/** `12/Mar/2020:19:03:58 +0000` */
function requestTime(date) {
  const [, day, month, year, time] = date.toUTCString().match(/^\w+, (\d+) (\w+) (\d+) ([\d:]+)/);
  return `${day}/${month}/${year}:${time} +0000`;
}

// --- parts all gateways share ---

function splitTarget(target) {
  const origin = target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/]*/i, '') || '/';
  const at = origin.indexOf('?');
  return at < 0 ? [origin, ''] : [origin.slice(0, at), origin.slice(at + 1)];
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Lower-cased pairs in the order sent, duplicates kept. */
function incomingHeaders({ rawHeaders }) {
  const pairs = [];
  for (let i = 0; i < rawHeaders.length; i += 2) pairs.push([rawHeaders[i].toLowerCase(), rawHeaders[i + 1]]);
  return pairs.filter(
    ([name]) => !HOP_BY_HOP.has(name) && !name.startsWith('x-forwarded-') && name !== 'x-amzn-trace-id',
  );
}

const forwarded = ({ sourceIp }) => [
  [
    'x-amzn-trace-id',
    `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(0, 24)}`,
  ],
  ['x-forwarded-for', sourceIp],
  ['x-forwarded-port', '443'],
  ['x-forwarded-proto', 'https'],
];

/** Text stays text only for these types; form-encoded bodies therefore arrive in base64. */
function bodyFields({ body, rawHeaders }) {
  if (body.length === 0) return {};
  const find = (wanted) => incomingHeaders({ rawHeaders }).find(([name]) => name === wanted)?.[1] ?? '';
  const type = find('content-type').split(';')[0].trim().toLowerCase();
  const isText =
    (type.startsWith('text/') || ['application/json', 'application/javascript', 'application/xml'].includes(type)) &&
    find('content-encoding') === '';
  const text = isText ? decodeUtf8(body) : undefined;
  return text === undefined
    ? { body: body.toString('base64'), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false };
}

function decodeUtf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function answerBody({ body, isBase64Encoded }) {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body !== 'string') throw new Error('body is not a string');
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}

function checked(headers) {
  for (const [name, value] of headers) {
    if (!['string', 'number', 'boolean'].includes(typeof value)) throw new Error(`header ${name} is not a string`);
  }
  return headers
    .filter(([name]) => name.toLowerCase() !== 'content-length')
    .map(([name, value]) => [name, String(value)]);
}

function grouped(pairs) {
  const groups = {};
  for (const [name, value] of pairs) {
    groups[name] ??= [];
    groups[name].push(value);
  }
  return groups;
}

const commaJoined = (pairs) =>
  Object.fromEntries(Object.entries(grouped(pairs)).map(([name, values]) => [name, values.join(',')]));

const json = (status, value) => ({
  status,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(JSON.stringify(value)),
});
