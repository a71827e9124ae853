/** A player that keeps trying, as a person at the reload button: when does it first see footage? */
import { connect } from 'node:net';
import { startGapMeter } from './gap-meter.ts';
import { type Scope, until } from './process.ts';

/** ffmpeg would look at two seconds of the stream before it shows the first picture; players do not. */
const atOnce = [
  '-rtsp_transport',
  'tcp',
  '-allowed_media_types',
  'video',
  '-fpsprobesize',
  '0',
  '-analyzeduration',
  '0',
];

/**
 * Opens an RTSP `url` again and again until a picture of ours is decoded. It asks for the stream before it starts a
 * player: one player after the other, each refused, would take the core that the start needs.
 * @param since performance.now() from which to count
 * @returns milliseconds
 */
export async function firstFootage(s: Scope, url: string, since: number, timeout = 30_000): Promise<number> {
  const what = `footage from ${url}`;
  await until(() => described(url), { timeout, every: 20, what });
  let meter = startGapMeter(s, url, atOnce);
  const first = await until(
    async () => {
      if (!meter.connected()) meter = startGapMeter(s, url, atOnce);
      return meter.footage()[0];
    },
    { timeout, every: 20, what },
  );
  await meter.stop();
  return first.at - since;
}

/** The server has a stream at this address. */
async function described(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer')));
    socket.write(`DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n`);
    for await (const answer of socket) return String(answer).startsWith('RTSP/1.0 200');
  } catch {
    // Refused, or silent.
  } finally {
    socket.destroy();
  }
  return false;
}
