/**
 * How far sound is from picture for a WebRTC reader. A browser aligns both by the sender reports, so the
 * meter does the same: a MediaMTX of its own reads by WHEP with the sender's clock
 * (`useAbsoluteTimestamp`), and ffmpeg reads that by RTSP and is judged after its first sender report.
 */
import { measureOffset, median, type Offset } from './measure.ts';
import { startMediaServer } from './mediamtx.ts';
import type { Scope } from './process.ts';

/** RTSP readers have a common clock from the server's first sender report on; it sends one each 10 s. */
export const FIRST_REPORT_SECONDS = 11;

/** Only what was seen after the first sender report. */
export function afterReport(offset: Offset): { medianMs: number; worstMs: number; pairs: number } {
  const late = offset.pairs.filter(({ at }) => at > FIRST_REPORT_SECONDS).map(({ ms }) => ms);
  const worst = late.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), late[0] ?? Number.NaN);
  return { medianMs: median(late), worstMs: worst, pairs: late.length };
}

/** `whep`: e.g. whep://127.0.0.1:8889/lobby/whep */
export async function measureWebrtc(
  s: Scope,
  whep: string,
  seconds = 24,
): Promise<ReturnType<typeof afterReport>> {
  const server = await startMediaServer(s, {
    paths: { seen: { source: whep, useAbsoluteTimestamp: true } },
  });
  await server.online('seen', 30_000);
  const offset = await measureOffset(s, { url: server.rtsp('seen'), seconds, patience: 30_000 });
  await server.kill();
  return afterReport(offset);
}
