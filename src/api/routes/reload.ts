/** Reads relay.yaml again. A bad file changes nothing and answers 422 with its diagnostics. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../server.ts';

export function reloadRoutes(app: FastifyInstance, { gateway }: ApiContext): void {
  app.post('/v1/reload', async (_request, reply) => {
    const { changed } = await gateway.reload();
    return reply.code(202).send({ changed });
  });
}
