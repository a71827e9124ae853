/** A player that keeps trying, as a person at the reload button: when does it first see footage? */
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
 * Opens an RTSP `url` again and again until a picture of ours is decoded.
 * @param since performance.now() from which to count
 * @returns milliseconds
 */
export async function firstFootage(s: Scope, url: string, since: number, timeout = 30_000): Promise<number> {
  let meter = startGapMeter(s, url, atOnce);
  const first = await until(
    async () => {
      if (!meter.connected()) meter = startGapMeter(s, url, atOnce);
      return meter.footage()[0];
    },
    { timeout, every: 20, what: `footage from ${url}` },
  );
  await meter.stop();
  return first.at - since;
}
