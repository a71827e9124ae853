/** Somebody outside saw something: clips are cut around it. Names of routes hold `/`, so the call is told by its end. */
import type { FastifyInstance } from 'fastify';
import { eventNamePattern } from '../../config/values.ts';
import { RelayError } from '../../errors.ts';
import { dataTrouble } from '../../observe/event-data.ts';
import type { ApiContext } from '../server.ts';

export function routeEventRoutes(app: FastifyInstance, { gateway }: ApiContext): void {
  app.post<{ Params: { '*': string } }>('/v1/routes/*', async ({ params, body, url, method }, reply) => {
    const route = /^(.+)\/events$/.exec(params['*'])?.[1];
    if (route === undefined) {
      throw new RelayError('RELAY_NOT_FOUND', `${method} ${url.slice(0, 200)} is not part of this API`);
    }
    const { name, data } = read(body);
    return reply.code(202).send(gateway.event(route, name, data));
  });
}

function read(body: unknown): { name: string; data?: unknown } {
  const hint = 'send { "name": "door", "data": … }';
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RelayError('RELAY_REQUEST', 'an event is a JSON object with a name', { hint });
  }
  const { name, data, ...rest } = body as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw new RelayError('RELAY_REQUEST', `an event has no "${unknown.slice(0, 80)}"`, { hint });
  }
  if (typeof name !== 'string' || !eventNamePattern.test(name)) {
    const message = 'the name of an event has letters, digits, _ . and -, at most 64';
    throw new RelayError('RELAY_REQUEST', message, { hint });
  }
  const trouble = dataTrouble(data);
  if (trouble !== undefined) throw new RelayError('RELAY_REQUEST', trouble, { hint });
  return data === undefined ? { name } : { name, data };
}
