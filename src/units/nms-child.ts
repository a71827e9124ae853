/**
 * Runs as a process of its own: the embedded media server (RTMP and HTTP-FLV), for machines that
 * can't have MediaMTX. Its state is shown in the shape of MediaMTX's API, so nobody else has to
 * know which of the two runs.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import type { NmsConfig } from './nms-config.ts';

interface Session {
  id: string;
  ip: string;
  protocol: string;
  isPublisher: boolean;
  streamPath: string;
  streamName: string;
  streamQuery: Record<string, unknown>;
  videoCodec: number;
  audioCodec: number;
  inBytes: number;
  outBytes: number;
  /** After a publisher leaves, the server keeps its place for a while. */
  broadcast: { getPublishStatus(): 'publishing' | 'reconnecting' | 'idle' };
}

interface MediaServer {
  run(): Promise<void>;
  stop(): Promise<void>;
  on(event: string, listener: (session: Session) => void): void;
}

const config = JSON.parse(readFileSync(process.argv.at(-1)!, 'utf8')) as NmsConfig;
const require = createRequire(import.meta.url);
const NodeMediaServer = require('node-media-server') as new (settings: object) => MediaServer;

// It knows one kind of permission: a signature in the query. Those who may pass get one here.
const secret = randomBytes(24).toString('hex');
const host = config.rtmp.host === '' ? '0.0.0.0' : config.rtmp.host;
const server = new NodeMediaServer({
  bind: host,
  rtmp: { port: config.rtmp.port },
  http: config.http === false ? {} : { port: config.http.port },
  auth: { play: true, publish: true, secret },
  webadmin: { enable: false },
  store: { path: config.dir },
});

/** Stream name → path; more come as sources answer. */
let streams = config.streams;
const publishers = new Map<string, { session: Session; since: string }>();
const readers = new Map<string, Session>();

server.on('prePublish', (session) => {
  // As in MediaMTX: once users are named, only they may publish.
  const open = config.users.length === 0 && config.open.includes(session.streamName);
  if (open || isOurs(session) || isUser(session, 'publish')) admit(session);
});
server.on('prePlay', (session) => {
  if (config.users.length === 0 || isOurs(session) || isUser(session, 'read')) admit(session);
});
server.on(
  'postPublish',
  (session) => void publishers.set(session.streamPath, { session, since: new Date().toISOString() }),
);
server.on('donePublish', (session) => {
  if (publishers.get(session.streamPath)?.session.id === session.id) publishers.delete(session.streamPath);
});
server.on('postPlay', (session) => void readers.set(session.id, session));
server.on('donePlay', (session) => void readers.delete(session.id));

function isOurs({ streamQuery: { user, pass } }: Session): boolean {
  const { media } = config.secrets;
  return user === media.user && pass === media.password;
}

function isUser(
  { streamQuery: { user: name, pass }, streamName }: Session,
  action: 'read' | 'publish',
): boolean {
  const path = streams[streamName];
  if (path === undefined) return false;
  return config.users.some((user) => {
    const allowed = user[action];
    const paths = Array.isArray(allowed) ? allowed.includes(path) : allowed;
    return (
      user.name === name &&
      user.password === pass &&
      paths &&
      (action === 'read' || config.open.includes(streamName))
    );
  });
}

function admit(session: Session): void {
  const until = Math.floor(Date.now() / 1000) + 3600;
  const sign = createHash('md5').update(`${session.streamPath}-${until}-${secret}`).digest('hex');
  session.streamQuery = { ...session.streamQuery, sign: `${until}-${sign}` };
}

function paths(): object[] {
  return Object.entries(streams).map(([stream, name]) => {
    const streamPath = `/live/${stream}`;
    const last = publishers.get(streamPath);
    const publisher = last?.session.broadcast.getPublishStatus() === 'publishing' ? last : undefined;
    const watching = [...readers.values()].filter((reader) => reader.streamPath === streamPath);
    return {
      name,
      available: publisher !== undefined,
      online: publisher !== undefined,
      onlineTime: publisher?.since ?? null,
      tracks2: publisher === undefined ? [] : tracks(publisher.session),
      readers: watching.map(({ id, protocol }) => ({ id, type: protocol })),
      inboundBytes: publisher?.session.inBytes ?? 0,
      outboundBytes: watching.reduce((sum, reader) => sum + reader.outBytes, 0),
    };
  });
}

/** FLV's numbers for codecs. */
function tracks({ videoCodec, audioCodec }: Session): object[] {
  const video: Record<number, string> = { 7: 'H264', 12: 'H265' };
  const audio: Record<number, string> = { 2: 'MPEG-1/2 Audio', 10: 'MPEG-4 Audio' };
  return [video[videoCodec], audio[audioCodec]].flatMap((codec) => (codec === undefined ? [] : [{ codec }]));
}

const { control } = config.secrets;
const expected = `Basic ${Buffer.from(`${control.user}:${control.password}`).toString('base64')}`;
http
  .createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== expected) answer(401, {});
    else if (request.url?.startsWith('/v3/info')) answer(200, {});
    else if (request.url?.startsWith('/v3/paths/list')) answer(200, { pageCount: 1, items: paths() });
    else if (request.method === 'POST' && request.url === '/streams') {
      request
        .toArray()
        .then((chunks: Buffer[]) => {
          streams = JSON.parse(Buffer.concat(chunks).toString('utf8')) as NmsConfig['streams'];
          answer(200, {});
        })
        .catch(() => answer(400, {}));
    } else answer(404, {});
  })
  .listen(config.api, '127.0.0.1');

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void server.stop().finally(() => process.exit(0)));
}
await server.run();
