/** What happens, as it happens: server-sent events named by their type. */
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { RelayError } from '../../errors.ts';
import type { ApiContext } from '../server.ts';

const MAX_SUBSCRIBERS = 64;
/** Below the API's limit for idle sockets. */
const HEARTBEAT_MS = 15_000;
/** A reader that lets this much pile up does not read, and is cut. */
const MAX_WAITING_BYTES = 256 * 1024;

export function eventRoutes(app: FastifyInstance, { gateway, redact }: ApiContext): void {
  let subscribers = 0;

  app.get('/v1/events', async (_request, reply) => {
    if (subscribers >= MAX_SUBSCRIBERS) {
      throw new RelayError('RELAY_API_BUSY', `${MAX_SUBSCRIBERS} programs listen to the events already`);
    }
    subscribers++;
    reply.hijack();
    const response = reply.raw;
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    write(response, ': connected\n\n');
    const heartbeat = setInterval(() => write(response, ': alive\n\n'), HEARTBEAT_MS);
    const unsubscribe = gateway.subscribe((event) => {
      write(response, `event: ${event.type}\ndata: ${JSON.stringify(redact.redactValue(event))}\n\n`);
    });
    response.once('close', () => {
      subscribers--;
      clearInterval(heartbeat);
      unsubscribe();
    });
  });
}

function write(response: ServerResponse, text: string): void {
  if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
  else response.write(text);
}
