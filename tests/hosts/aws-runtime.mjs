// Execution environments: N processes of one function, each behind its own Lambda Runtime API,
// fed from one queue, one invocation at a time.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const API = '/2018-06-01/runtime';
const FUNCTION_ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:jeton';

/** What a function's process finds in its environment, besides its own configuration. */
const RUNTIME_ENV = {
  AWS_ACCESS_KEY_ID: 'local',
  AWS_DEFAULT_REGION: 'eu-central-1',
  AWS_EXECUTION_ENV: 'AWS_Lambda_provided.al2023',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
  AWS_LAMBDA_FUNCTION_NAME: 'jeton',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/jeton',
  AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]00000000000000000000000000000000',
  AWS_REGION: 'eu-central-1',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SESSION_TOKEN: 'local',
  AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
  LANG: 'en_US.UTF-8',
  LD_LIBRARY_PATH: '/lib64:/usr/lib64',
  PATH: '/usr/local/bin:/usr/bin/:/bin',
  TZ: ':UTC',
  _HANDLER: 'bootstrap',
};

/**
 * Starts `instances` processes of `binary` and waits until each asks for its first invocation.
 * Rejects with everything the function printed if one of them gives up before that.
 *
 * `invoke(json)` resolves to `{ payload: string }` or `{ error: { errorType, errorMessage } }`.
 */
export async function fleet({ binary, cwd, env, instances, timeoutSeconds, onLine }) {
  const waiting = [];
  const environments = [];
  let stopping = false;

  const dispatch = () => {
    for (const environment of environments) {
      if (waiting.length > 0 && environment.isIdle()) environment.run(waiting.shift());
    }
    if (waiting.length > 0 && environments.every((environment) => environment.isDead())) {
      for (const { settle } of waiting.splice(0)) settle({ error: exited('no environment left') });
    }
  };

  const started = Array.from({ length: instances }, async () => {
    const environment = await openEnvironment({
      binary,
      cwd,
      env,
      timeoutSeconds,
      onLine,
      dispatch,
      isStopping: () => stopping,
    });
    environments.push(environment);
    await environment.ready;
  });

  const stop = async () => {
    stopping = true;
    await Promise.all(environments.map((environment) => environment.close()));
  };

  const outcomes = await Promise.allSettled(started);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }

  const invoke = (json) =>
    new Promise((settle) => {
      waiting.push({ id: randomUUID(), json, settle });
      dispatch();
    });

  const crash = () => Promise.all(environments.map((environment) => environment.crash()));

  return { invoke, crash, stop };
}

/** One process and the Runtime API it talks to. A process that dies is replaced, as Lambda does. */
async function openEnvironment({ binary, cwd, env, timeoutSeconds, onLine, dispatch, isStopping }) {
  let child;
  let parked; // the answer to a pending GET next
  let current; // the invocation at work
  let dead = false;
  let onAsked;

  const server = createServer((request, response) =>
    serve(request, response).catch((error) => response.destroy(error)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const launch = () =>
    new Promise((resolve, reject) => {
      dead = false;
      let asked = false;
      const printed = [];
      const line = (text) => {
        printed.push(text);
        onLine(text);
      };
      child = spawn(binary, [], {
        cwd,
        env: { ...RUNTIME_ENV, ...env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${server.address().port}` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      createInterface({ input: child.stdout }).on('line', line);
      createInterface({ input: child.stderr }).on('line', line);

      const slow = setTimeout(() => {
        line('INIT: no invocation asked for within 20 s');
        child.kill('SIGKILL');
      }, 20_000);
      onAsked = () => {
        asked = true;
        clearTimeout(slow);
        resolve();
      };
      child.once('error', (error) => {
        clearTimeout(slow);
        dead = true;
        reject(new Error(`${binary} did not start: ${error.message}`));
      });
      // 'close', not 'exit': by then everything it printed has been read.
      child.once('close', (code, signal) => {
        clearTimeout(slow);
        parked = undefined;
        finish({ error: exited(code ?? signal) });
        if (asked && !isStopping()) {
          onLine(`INIT: an environment exited (${code ?? signal}), starting another`);
          launch()
            .catch(() => undefined)
            .finally(dispatch);
        } else {
          dead = true;
          reject(new Error(`${binary} did not start: exit ${code ?? signal}\n${printed.join('\n')}`));
        }
      });
    });

  const finish = (outcome) => {
    clearTimeout(current?.timer);
    const settle = current?.settle;
    current = undefined;
    settle?.(outcome);
  };

  const serve = async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const accept = (status) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"OK"}');

    if (request.method === 'GET' && request.url === `${API}/invocation/next`) {
      parked = response;
      onAsked();
      return dispatch();
    }
    const [, id, what] = request.url.match(/^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/) ?? [];
    if (request.method === 'POST' && id && id === current?.id) {
      accept(202);
      return finish(what === 'response' ? { payload: body } : { error: parseError(body) });
    }
    if (request.method === 'POST' && request.url === `${API}/init/error`) {
      onLine(body);
      return accept(202);
    }
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"errorType":"InvalidRequestID"}');
  };

  return {
    ready: launch(),
    isIdle: () => parked !== undefined,
    isDead: () => dead,
    run(invocation) {
      const deadline = timeoutSeconds * 1000;
      current = invocation;
      current.timer = setTimeout(() => {
        finish({
          error: {
            errorType: 'Sandbox.Timedout',
            errorMessage: `RequestId: ${invocation.id} Error: Task timed out after ${timeoutSeconds}.00 seconds`,
          },
        });
        child.kill('SIGKILL');
      }, deadline);
      const answer = parked;
      parked = undefined;
      answer
        .writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': invocation.id,
          'lambda-runtime-deadline-ms': String(Date.now() + deadline),
          'lambda-runtime-invoked-function-arn': FUNCTION_ARN,
          'lambda-runtime-trace-id': traceOf(invocation.id),
        })
        .end(invocation.json);
    },
    /** Ends the process without warning; another takes its place. */
    async crash() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
    async close() {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await gone;
      server.close();
      server.closeAllConnections();
    },
  };
}

const exited = (how) => ({ errorType: 'Runtime.ExitError', errorMessage: `Error: Runtime exited with error: ${how}` });

function parseError(body) {
  try {
    return JSON.parse(body);
  } catch {
    return { errorType: 'Unknown', errorMessage: body };
  }
}

/** A trace id of X-Ray: the time, and 96 bits. */
function traceOf(id) {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${id.replaceAll('-', '').slice(0, 24)};Sampled=0`;
}
