/** Every error of the API has one shape: `{ code, message, hint }`, and `diagnostics` where a file was refused. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RelayError } from '../errors.ts';

export function answerErrors(
  app: FastifyInstance,
  log: { error(details: object, message: string): void },
): void {
  app.setNotFoundHandler(async (request) => {
    throw new RelayError(
      'RELAY_NOT_FOUND',
      `${request.method} ${request.url.slice(0, 200)} is not part of this API`,
    );
  });
  app.setErrorHandler(async (error, request, reply) => {
    if (error instanceof RelayError) return reply.code(error.status).send(body(error));
    // What fastify itself refuses: a body too large, malformed JSON, a URL that can't be decoded.
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
    if (error instanceof Error && status >= 400 && status < 500) {
      return reply.code(status).send(body(new RelayError('RELAY_REQUEST', error.message)));
    }
    log.error({ err: error, method: request.method, url: request.url }, 'an API call failed');
    return reply
      .code(500)
      .send(body(new RelayError('RELAY_STATE', 'the call failed; the log has the cause')));
  });
}

/** A URL that can't be decoded or is too long never gets as far as the hooks. */
export function answerUnreadable(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  void reply
    .code(error.statusCode ?? 400)
    .send(body(new RelayError('RELAY_REQUEST', 'the URL is no URL of this API')));
}

function body(error: RelayError): object {
  const { code, message, hint } = error;
  return 'diagnostics' in error
    ? { code, message, hint, diagnostics: error.diagnostics }
    : { code, message, hint };
}
