/** A gateway that only answers, and a client that sends exactly what it is told to. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Test } from 'tap';
import { type Api, startApi } from '../../src/api/server.ts';
import { RelayError } from '../../src/errors.ts';
import type { RunningGateway } from '../../src/gateway.ts';
import { createRedactor } from '../../src/observe/redact.ts';
import type { GatewayEvent, GatewayStatus } from '../../src/observe/state.ts';
import type { Plan } from '../../src/plan/types.ts';

export const password = 'hunter"2\\x';

export const status: GatewayStatus = {
  file: '/srv/relay.yaml',
  pid: 1,
  version: '0.1.0',
  startedAt: 1_700_000_000_000,
  ready: true,
  units: [
    {
      id: 'lobby/video',
      kind: 'ffmpeg',
      routes: ['lobby'],
      state: 'running',
      pid: 2,
      since: 1_700_000_000_000,
      restarts: 1,
      lastExit: {
        reason: 'connection refused by 192.0.2.10:554',
        class: 'refused',
        code: 1,
        signal: null,
        at: 1_700_000_000_000,
        stderr: [`rtsp://admin:${password}@192.0.2.10: Connection refused`, `the password is ${password}`],
      },
      figures: { fps: 25, speed: 1 },
    },
  ],
  paths: [
    {
      name: 'lobby',
      route: 'lobby',
      online: true,
      tracks: ['H264'],
      readers: 1,
      bytesIn: 1,
      bytesOut: 1,
      forward: [],
    },
  ],
};

export const plan: Plan = {
  version: 1,
  server: {
    driver: 'mediamtx',
    listen: { rtsp: false, rtmp: false, hls: false, webrtc: false, srt: false },
    users: [],
  },
  paths: [],
  units: [
    {
      id: 'lobby/video',
      kind: 'ffmpeg',
      routes: ['lobby'],
      args: ['-i', `rtsp://admin:${password}@192.0.2.10/`],
      publishes: ['lobby'],
      reads: [],
      stall: 5,
      restart: 'always',
      why: [],
    },
  ],
  routes: [],
};

export interface FakeGateway extends RunningGateway {
  now: { status: GatewayStatus; reload: () => Promise<{ changed: string[] }> };
  listeners: Set<(event: GatewayEvent) => void>;
  /** Events of the route lobby/marked that were told. */
  told: unknown[][];
}

export function fakeGateway(): FakeGateway {
  const now: FakeGateway['now'] = { status, reload: async () => ({ changed: ['lobby'] }) };
  const listeners: FakeGateway['listeners'] = new Set();
  const told: unknown[][] = [];
  return {
    now,
    listeners,
    told,
    event(route, ...rest) {
      if (route !== 'lobby/marked') throw new RelayError('RELAY_NOT_FOUND', `there is no route ${route}`);
      told.push([route, ...rest]);
      const clips = rest[0] === 'dog' ? 0 : 1;
      return { at: 1_700_000_000_123, clips, wanted: ['door', 'bell'] };
    },
    status: () => now.status,
    plan: () => plan,
    reload: () => now.reload(),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: async () => {},
  };
}

export interface Running extends Api {
  gateway: FakeGateway;
  port: number;
  errors: object[];
}

export async function start(
  t: Test,
  options: Partial<Parameters<typeof startApi>[0]> = {},
): Promise<Running> {
  const gateway = fakeGateway();
  const errors: object[] = [];
  const api = await startApi({
    listen: { host: '127.0.0.1', port: 0 },
    gateway,
    log: { error: (details) => void errors.push(details) },
    redact: createRedactor([password]),
    ...options,
  });
  t.teardown(() => api.close());
  return { ...api, gateway, port: api.address.port, errors };
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export function call(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: Call = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.once('end', () => {
        const json: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : undefined;
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json });
      });
      answer.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** A bare socket that has sent `text`. */
export function raw(t: Test, port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(text);
  return socket;
}

/** Resolves with what came once the socket's text matches. */
export function until(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const ended = () => reject(new Error(`the connection ended after ${JSON.stringify(text)}`));
    socket.once('close', ended);
    socket.on('data', function seen(part: Buffer) {
      text += part.toString();
      if (!pattern.test(text)) return;
      socket.off('data', seen);
      socket.off('close', ended);
      resolve(text);
    });
  });
}
