/**
 * Hooks over HTTP: each frame is a request, and the answer is an image or what to draw. It only says what went
 * wrong; when a server is left alone for a while is decided by the stage.
 */
import { messageOf } from '../../errors.ts';
import type { Adapter, AdapterHost, Answer, ShownFrame, Wishes } from '../adapter.ts';
import type { WorkerJob } from '../job.ts';
import { ImageCodec, type ImageType } from '../libav/jpeg.ts';
import { type Reply, Server } from './exchange.ts';
import { readJsonAnswer } from './json-answer.ts';
import { inferAnswer, inferRequest } from './kserve.ts';

const MB = 1024 * 1024;
const images = new Map<string, ImageType>([
  ['image/jpeg', 'jpeg'],
  ['image/jpg', 'jpeg'],
  ['image/png', 'png'],
]);
const JSON_TYPE = 'application/json';

export function createHttpAdapter(
  job: Pick<WorkerJob, 'route' | 'hook' | 'dir' | 'prefix'>,
  _host: AdapterHost,
): Adapter {
  const { runner } = job.hook;
  if (runner.by !== 'http') throw new Error(`not a hook over HTTP: ${runner.by}`);
  const { url, dialect, quality, inFlight } = runner;
  let server: Server | undefined;
  let codec: ImageCodec | undefined;

  const running = (): Server => {
    server ??= new Server(url, inFlight);
    return server;
  };

  const jpeg = async (frame: ShownFrame, signal: AbortSignal): Promise<Answer> => {
    codec ??= new ImageCodec();
    const body = codec.encode(frame, quality);
    const headers = { 'content-type': 'image/jpeg', ...headersOf(job.route, frame) };
    const reply = await running().ask({ method: 'POST', headers, body, signal, limit: jpegLimit });
    return read(reply, () => {
      const image = images.get(reply.type);
      if (reply.body.length === 0) return {};
      if (image !== undefined && codec) return { picture: codec.decode(image, reply.body) };
      return readJsonAnswer(parseJson(reply.body));
    });
  };

  const kserve = async (frame: ShownFrame, signal: AbortSignal): Promise<Answer> => {
    if (dialect.name !== 'kserve') return {};
    const { headers, body } = inferRequest(frame, dialect);
    const path = `/v2/models/${encodeURIComponent(dialect.model)}/infer`;
    const all = { ...headers, ...headersOf(job.route, frame) };
    const reply = await running().ask({
      method: 'POST',
      path,
      headers: all,
      body,
      signal,
      limit: inferLimit,
    });
    return read(reply, () => inferAnswer(reply, dialect));
  };

  const read = (reply: Reply, reader: (reply: Reply) => Answer): Answer => {
    try {
      return reader(reply);
    } catch (error) {
      throw new Error(`${running().name}: ${messageOf(error)}`);
    }
  };

  const end = async (): Promise<void> => {
    server?.close();
    server = undefined;
    codec?.free();
    codec = undefined;
  };

  return {
    async start(signal: AbortSignal): Promise<Wishes> {
      if (dialect.name === 'jpeg') return { format: 'yuv420p', inFlight };
      // Without it the first frames would fail while the model is loaded.
      await running().ask({ method: 'GET', path: '/v2/health/ready', signal, limit: () => MB });
      return { format: 'rgb24', inFlight };
    },
    process: dialect.name === 'jpeg' ? jpeg : kserve,
    kill: end,
    stop: end,
    memory: () => 0,
  };
}

const jpegLimit = (type: string): number => (images.has(type) ? 32 * MB : type === JSON_TYPE ? MB : 0);

const inferLimit = (type: string): number =>
  type === 'application/octet-stream' ? 32 * MB : type === JSON_TYPE ? MB : 0;

/** What there is to know about a frame besides its pixels. */
function headersOf(route: string, frame: ShownFrame): Record<string, string> {
  const { sequence, timestamp, pts, timeBase, wallClock, keyFrame, width, height } = frame;
  return {
    'x-relay-route': encodeURIComponent(route),
    'x-relay-sequence': String(sequence),
    'x-relay-timestamp': String(timestamp),
    'x-relay-pts': String(pts),
    'x-relay-time-base': `${timeBase.num}/${timeBase.den}`,
    'x-relay-wall-clock': String(wallClock),
    'x-relay-key-frame': keyFrame ? '1' : '0',
    'x-relay-width': String(width),
    'x-relay-height': String(height),
  };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error('an answer that is no JSON');
  }
}
