/** Keeps web pages out: a browser reaches this machine's ports on behalf of any page it has open. */
import type { FastifyInstance } from 'fastify';
import { RelayError } from '../errors.ts';

const headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export function guard(app: FastifyInstance, host: string): void {
  const names = new Set(['127.0.0.1', 'localhost', '[::1]', host.includes(':') ? `[${host}]` : host]);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    const port = request.socket.localPort;
    // A name that somebody else's DNS points here is refused by what the browser thinks it talks to.
    const hosts = [...names].flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
    if (!hosts.includes(request.headers.host ?? '')) throw forbidden('this Host is not served here');
    const { origin } = request.headers;
    if (origin !== undefined && !hosts.some((own) => origin === `http://${own}`)) {
      throw forbidden('pages of other origins have no access');
    }
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw forbidden('pages of other sites have no access');
    }
  });
  // A form of another page can send text without asking anybody; it can't send JSON.
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body, done);
  });
}

function forbidden(message: string): RelayError {
  return new RelayError('RELAY_FORBIDDEN', message);
}
