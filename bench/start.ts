/** From the command to the first decoded frame: the gateway against a script of server, wait and ffmpeg. */
import { clip } from '../test/e2e/support/clips.ts';
import { firstFootage } from '../test/e2e/support/first-footage.ts';
import { median } from '../test/e2e/support/measure.ts';
import { publishFile, startMediaServer } from '../test/e2e/support/mediamtx.ts';
import type { Scope } from '../test/e2e/support/process.ts';
import { startRelay } from '../test/e2e/support/relay.ts';
import type { Row } from './report.ts';

const rounds = 5;

export async function start(s: Scope): Promise<Row[]> {
  const made = await clip({ seconds: 60, gop: 1 });
  const relay = await startRelay(s, {
    sources: { promo: { file: made.file, loop: true } },
    routes: { promo: 'promo' },
  });
  await relay.stop();
  const server = await startMediaServer(s);
  await server.kill();

  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = relay.start();
    ours.push(await firstFootage(s, relay.rtsp('promo'), relay.startedAt()));
    await started;
    await relay.stop();

    const from = performance.now();
    await server.start();
    const publisher = publishFile(s, made.file, { server, path: 'promo', by: 'rtsp' });
    bare.push(await firstFootage(s, server.rtsp('promo'), from));
    await publisher.stop();
    await server.kill();
  }
  return [
    {
      what: 'start to first frame by RTSP (key frames 1 s apart), median of 5',
      ours: `${Math.round(median(ours))} ms (${Math.round(Math.min(...ours))} to ${Math.round(Math.max(...ours))})`,
      bare: `${Math.round(median(bare))} ms (${Math.round(Math.min(...bare))} to ${Math.round(Math.max(...bare))})`,
      ratio: median(ours) / median(bare),
      goal: '≤ 1.0 s and one key frame distance',
      ok: Math.max(...ours) <= 2000,
    },
  ];
}
