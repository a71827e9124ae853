/** A real server whose answers are said by the test, and frames to send to it. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import type { Adapter, ShownFrame } from '../../../src/hooks/adapter.ts';
import { createHttpAdapter } from '../../../src/hooks/http/http-adapter.ts';
import type { HookRunner } from '../../../src/hooks/spec.ts';
import { hookSpec } from '../../support/hook-spec.ts';

export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Fixture {
  /** With credentials and a query, which no message may repeat. */
  url: string;
  port: number;
  received: Received[];
  /** Connections so far. */
  connections(): number;
}

type Handler = (received: Received, response: ServerResponse, request: IncomingMessage) => void;

export async function serve(t: Test, handler: Handler): Promise<Fixture> {
  const received: Received[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const all = { method, url, headers, body: Buffer.concat(chunks) };
    received.push(all);
    handler(all, response, request);
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  const url = `http://user:secret@127.0.0.1:${port}/detect?key=hidden`;
  return { url, port, received, connections: () => connections };
}

type Http = Extract<HookRunner, { by: 'http' }>;

export function adapterFor(t: Test, url: string, more: Partial<Http> = {}): Adapter {
  const runner: Http = { by: 'http', url, dialect: { name: 'jpeg' }, quality: 80, inFlight: 2, ...more };
  const adapter = createHttpAdapter(
    {
      route: 'gate',
      dir: '/nonexistent',
      prefix: [],
      hook: hookSpec({ runner, memory: 1e9 }),
    },
    { log() {}, event() {}, lost: (reason) => t.fail(`lost: ${reason}`) },
  );
  t.teardown(() => adapter.kill());
  return adapter;
}

/** A picture whose left half is dark and right half bright, rows longer than the picture. */
export function frameOf(
  format: 'yuv420p' | 'rgb24',
  width: number,
  height: number,
  sequence = 7,
): ShownFrame {
  const plane = (samples: number, rows: number, bytes: number, value: (x: number) => number) => {
    const stride = samples * bytes + 32;
    const data = Buffer.alloc(stride * rows, 99);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < samples * bytes; x++) data[y * stride + x] = value(Math.floor(x / bytes));
    }
    return { data, stride, width: samples, height: rows };
  };
  const step = (x: number) => (x < width / 2 ? 40 : 200);
  const planes =
    format === 'rgb24'
      ? [plane(width, height, 3, step)]
      : [
          plane(width, height, 1, step),
          plane(width / 2, height / 2, 1, () => 110),
          plane(width / 2, height / 2, 1, () => 150),
        ];
  return {
    sequence,
    pts: 90_000n,
    timeBase: { num: 1, den: 90_000 },
    timestamp: 1_000_000,
    wallClock: 1_700_000_000_000,
    keyFrame: true,
    format,
    width,
    height,
    planes,
  };
}

export const never = (): AbortSignal => new AbortController().signal;
