/**
 * The HTTP API on `api.listen`. It is for programs of this machine: loopback only, no rights yet,
 * and closed to web pages of other origins. A new family of calls is one file in routes/ and one line below.
 */
import { isIP } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Address } from '../config/config.ts';
import { messageOf, RelayError } from '../errors.ts';
import type { RunningGateway } from '../gateway.ts';
import type { Redactor } from '../observe/redact.ts';
import { formatAddress } from '../plan/print-address.ts';
import { answerErrors, answerUnreadable } from './errors.ts';
import { guard } from './guard.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { reloadRoutes } from './routes/reload.ts';
import { routeEventRoutes } from './routes/route-events.ts';
import { stateRoutes } from './routes/state.ts';

/** What a family of calls may use. */
export interface ApiContext {
  gateway: RunningGateway;
  redact: Redactor;
}

export interface ApiOptions extends ApiContext {
  listen: Address;
  log: { error(details: object, message: string): void };
}

export interface Api {
  /** With the port that was bound where 0 was asked for. */
  address: Address;
  close(): Promise<void>;
}

const families = [healthRoutes, stateRoutes, eventRoutes, routeEventRoutes, reloadRoutes];

const REQUEST_MS = 10_000;
/** Sockets without traffic; the heartbeat of the events keeps theirs open. */
const IDLE_MS = 60_000;
const MAX_CONNECTIONS = 256;

export async function startApi(options: ApiOptions): Promise<Api> {
  const { listen, gateway, log, redact } = options;
  if (!isLoopback(listen.host)) {
    throw new RelayError(
      'RELAY_CONFIG_INVALID',
      `api.listen: ${formatAddress(listen)} is open to other machines`,
      {
        hint: 'use a loopback address such as 127.0.0.1:9980',
      },
    );
  }
  const app = Fastify({
    logger: false,
    bodyLimit: 64 * 1024,
    requestTimeout: REQUEST_MS,
    connectionTimeout: IDLE_MS,
    forceCloseConnections: true,
    frameworkErrors: answerUnreadable,
    routerOptions: { maxParamLength: 1024 },
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1000, maxHeaderSize: 8 * 1024 },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  guard(app, listen.host);
  answerErrors(app, log);
  app.addHook('preSerialization', async (_request, _reply, payload) => redact.redactValue(payload));
  for (const routes of families) await app.register(async (scope) => routes(scope, { gateway, redact }));
  return { address: await bind(app, listen), close: () => app.close() };
}

async function bind(app: FastifyInstance, listen: Address): Promise<Address> {
  try {
    await app.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    await app.close();
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') {
      const why = {
        EADDRINUSE: 'is in use',
        EACCES: 'may not be opened',
        EADDRNOTAVAIL: 'is not of this machine',
      }[code];
      throw new RelayError('RELAY_PORT_BUSY', `api.listen: ${formatAddress(listen)} ${why}`, {
        hint: 'stop the other program (a second relay run?) or set api.listen in relay.yaml',
        cause: error,
      });
    }
    throw new Error(`api.listen: ${formatAddress(listen)}: ${messageOf(error)}`, { cause: error });
  }
  const bound = app.server.address();
  return { host: listen.host, port: typeof bound === 'object' && bound ? bound.port : listen.port };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
