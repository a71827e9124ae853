/** What runs: the plan, units and paths. */
import type { FastifyInstance } from 'fastify';
import { RelayError } from '../../errors.ts';
import type { ApiContext } from '../server.ts';

export function stateRoutes(app: FastifyInstance, { gateway }: ApiContext): void {
  app.get('/v1/status', async () => gateway.status());
  app.get('/v1/plan', async () => gateway.plan());
  app.get('/v1/paths', async () => gateway.status().paths);
  app.get('/v1/units', async () => gateway.status().units);

  app.get<{ Params: { id: string } }>('/v1/units/:id', async ({ params }) => {
    const unit = gateway.status().units.find(({ id }) => id === params.id);
    if (!unit)
      throw new RelayError('RELAY_NOT_FOUND', `no unit ${params.id}`, { hint: 'GET /v1/units lists them' });
    return unit;
  });
}
