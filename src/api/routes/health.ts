/** For process managers: is it alive, and do all streams flow? */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../server.ts';

export function healthRoutes(app: FastifyInstance, { gateway }: ApiContext): void {
  app.get('/v1/health/live', async () => ({ live: true }));

  app.get('/v1/health/ready', async (_request, reply) => {
    const { ready } = gateway.status();
    return reply.code(ready ? 200 : 503).send({ ready });
  });
}
