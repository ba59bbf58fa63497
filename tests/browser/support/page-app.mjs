// An application that is a page: oidc-client-ts as it is, and nothing behind it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const LIBRARY = readFileSync(
  new URL('../../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', import.meta.url),
);

const html = (script, body = '') =>
  `<!doctype html><meta charset="utf-8"><title>An application</title><link rel="icon" href="data:,">
<h1>An application</h1>${body}<script src="/oidc.js"></script><script>${script}</script>`;

/**
 * Starts the application at `host`; it ends with the test. 127.0.0.1 and localhost are two sites to a browser.
 * Resolves to its origin, and the forms that were posted to its /form.
 */
export async function startPage(t, { issuer, host = '127.0.0.1' }) {
  const posted = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, origin);
    const answer = (type, body) => response.writeHead(200, { 'content-type': type }).end(body);
    const manager = `window.manager = new oidc.UserManager(${JSON.stringify(settings(issuer, origin))});`;
    switch (pathname) {
      case '/oidc.js':
        return answer('text/javascript', LIBRARY);
      case '/':
        return answer('text/html', html(manager));
      case '/callback':
        return answer(
          'text/html',
          html(`${manager} manager.signinCallback().then(
            (user) => user && (document.title = 'Logged in as ' + user.profile.sub),
            (error) => (document.title = 'Failed: ' + (error.error ?? error.message)));`),
        );
      case '/form': {
        let body = '';
        for await (const chunk of request) body += chunk;
        posted.push(Object.fromEntries(new URLSearchParams(body)));
        return answer('text/html', html('', '<p>Thank you.</p>'));
      }
      case '/framing':
        return answer(
          'text/html',
          html('', `<iframe src="${searchParams.get('of').replaceAll('&', '&amp;')}"></iframe>`),
        );
      default:
        return response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://${host}:${server.address().port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin, posted };
}

const settings = (issuer, origin) => ({
  authority: issuer,
  client_id: 'page',
  redirect_uri: `${origin}/callback`,
  scope: 'openid profile',
  automaticSilentRenew: false,
  silentRequestTimeoutInSeconds: 10,
});
