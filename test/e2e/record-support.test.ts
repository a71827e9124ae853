/** The meters of recordings themselves: what is known is measured, what is missing or broken is noticed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { ffmpegPath } from './support/binaries.ts';
import { clip } from './support/clips.ts';
import { counterRow } from './support/counter.ts';
import { livesOf, startReturning, timeOf, wallOrigin } from './support/frame-times.ts';
import { publishFile, startMediaServer } from './support/mediamtx.ts';
import { scope, until } from './support/process.ts';
import { complaints, decodeSegments, empty, gapOf, gapsOf, holes, visible } from './support/recordings.ts';
import { startRelay } from './support/relay.ts';

const fps = 25;

t.test('the moment of a frame is known within 20 ms', async (t) => {
  const s = scope(t);
  const server = await startMediaServer(s);
  const raw = ['-f', 'rawvideo', '-pixel_format', 'gray', '-video_size', '16x1', '-framerate', `${fps}`];
  const codec = ['-c:v', 'libx264', '-tune', 'zerolatency', '-preset', 'ultrafast', '-g', `${fps}`];
  const publisher = s.spawn(
    ffmpegPath(),
    [
      ...['-v', 'error', '-fflags', 'nobuffer', '-probesize', '32', ...raw, '-i', 'pipe:0'],
      ...['-vf', 'scale=640:360:flags=neighbor', '-pix_fmt', 'yuv420p', ...codec],
      ...['-flush_packets', '1', '-f', 'flv', server.rtmp('paced')],
    ],
    { name: 'paced', stdin: 'pipe' },
  );
  publisher.process.stdin!.on('error', () => {});
  let stopped = false;
  s.defer(() => {
    stopped = true;
  });
  const from = performance.now();
  const sent = (number: number): number => wallOrigin() + from / 1000 + number / fps;
  const pace = async (): Promise<void> => {
    for (let number = 0; !stopped; number++) {
      await delay(Math.max(0, from + (number * 1000) / fps - performance.now()));
      publisher.process.stdin!.write(counterRow(number));
    }
  };
  const pacing = pace();
  await server.online('paced');
  const reader = startReturning(s, server.rtmp('paced'), 16_384, fps);
  await until(() => reader.count() > 8 * fps, { timeout: 30_000, what: 'eight seconds of frames' });
  stopped = true;
  await pacing;
  await reader.stop();
  const lives = reader.lives();
  t.equal(lives.length, 1, 'one life');
  const errors = lives[0]!.map(({ counter, wall }) => wall - sent(counter));
  const worst = Math.max(...errors.map(Math.abs));
  t.comment(`${(Math.min(...errors) * 1000).toFixed(1)} to ${(Math.max(...errors) * 1000).toFixed(1)} ms`);
  t.ok(worst < 0.02, `${worst} s`);
  const guess = timeOf(lives[0]!, 100, sent(100) + 655, 16_384, fps);
  t.ok(Math.abs(guess - sent(100) - 16_384 / fps) < 0.02, 'and a loop later');
});

t.test('lives of publishers are told apart', async (t) => {
  const picture = (counter: number | null, pts: number) => ({ counter, pts, at: pts * 1000, luma: 0 });
  const life = (from: number, count: number, at: number) =>
    Array.from({ length: count }, (_, index) => picture((from + index) % 100, at + index / fps));
  const numbers = (pictures: ReturnType<typeof picture>[]) =>
    livesOf(pictures, 100, fps).map((one) => one.map(({ counter }) => counter).join());
  t.same(numbers(life(98, 4, 0)), ['98,99,0,1'], 'a loop is none');
  t.same(numbers([...life(5, 2, 0), ...life(0, 2, 3)]), ['5,6', '0,1'], 'a new start is one');
  t.same(numbers([...life(0, 2, 0), picture(null, 0.1), ...life(4, 2, 0.16)]), ['0,1,4,5'], 'loss is none');
  t.same(numbers([...life(0, 2, 0), ...life(4, 2, 3)]), ['0,1', '4,5'], 'unless time passed otherwise');
});

t.test('ledgers and files are read, holes and broken files seen', async (t) => {
  const s = scope(t);
  const made = await clip({ seconds: 10 });
  const dir = join(s.dir, 'rec');
  const ledger = join(dir, '.relay', 'segments', 'a~b');
  mkdirSync(ledger, { recursive: true });
  const bytes = readFileSync(made.file);
  writeFileSync(join(dir, '1.mp4'), bytes);
  writeFileSync(join(dir, '2.mp4'), bytes);
  const segment = (path: string, from: number) => ({ type: 'segment', path, from, to: from + 10 });
  const gap = { type: 'gap', from: 1010, to: 1012, cause: 'publisher', reason: 'killed by SIGKILL' };
  const lines = [segment('2.mp4', 1012), gap, segment('1.mp4', 1000)].map((line) => JSON.stringify(line));
  writeFileSync(join(ledger, 'ledger-2026-11-21.jsonl'), `${lines.join('\n')}\n{"type":"seg`);
  const segments = await decodeSegments(s, dir, 'a/b');
  t.same(
    segments.map(({ entry, frames, sounds }) => [entry.path, frames.length, sounds.length > 400]),
    [
      ['1.mp4', 250, true],
      ['2.mp4', 250, true],
    ],
  );
  const missing = holes(
    segments.flatMap(({ frames }) => frames),
    fps,
  );
  t.match(missing, [{ from: 1010, to: 1012 }]);
  t.equal(missing.length, 1);
  t.match(gapOf(missing[0]!, gapsOf(dir, 'a/b')), { cause: 'publisher' });
  t.same(visible(dir), ['1.mp4', '2.mp4']);
  t.equal(await complaints(s, join(dir, '1.mp4')), '');
  bytes.fill(7, bytes.length / 2, bytes.length / 2 + 20_000);
  writeFileSync(join(dir, '1.mp4'), bytes);
  t.not(await complaints(s, join(dir, '1.mp4')), '');
  writeFileSync(join(dir, '1.mp4'), '');
  t.same(empty(dir), [join(dir, '1.mp4')]);
  await t.rejects(decodeSegments(s, dir, 'a/b'), /1\.mp4/);
});

t.test('a reader that is cut comes back', async (t) => {
  const s = scope(t);
  const { file, frames } = await clip({ seconds: 10 });
  const server = await startMediaServer(s);
  publishFile(s, file, { server, path: 'live', by: 'rtmp' });
  await server.online('live');
  const reader = startReturning(s, server.rtmp('live'), frames, fps);
  await until(() => reader.count() > 25, { what: 'footage' });
  await server.kill();
  await server.start();
  publishFile(s, file, { server, path: 'live', by: 'rtmp' });
  const before = reader.count();
  await until(() => reader.count() > before + 25, { timeout: 20_000, what: 'footage again' });
  await reader.stop();
  const [first, second] = reader.lives();
  t.ok(first!.at(-1)!.wall < second![0]!.wall, 'two lives, one after the other');
});

t.test('an old film is recorded by default, where readers could have it as it is', async (t) => {
  const s = scope(t);
  const { file, frames } = await clip({ seconds: 6, video: 'mpeg4', audio: 'mp3' });
  const dir = join(s.dir, 'rec');
  const relay = await startRelay(
    s,
    {
      server: { rtmp: false, hls: false, webrtc: false },
      sources: { film: { file } },
      routes: { film: { from: 'film', to: ['film', { segments: { dir, every: '2s' } }] } },
    },
    { ready: false },
  );
  await until(async () => (await relay.unit('source:film')).state === 'finished', {
    timeout: 30_000,
    what: 'the end of the film',
  });
  await relay.stop();
  const segments = await decodeSegments(s, dir, 'film');
  const seen = segments.flatMap((segment) => segment.frames.map(({ counter }) => counter));
  // A publisher that ends takes its last moment with it.
  t.ok(seen.length > frames - fps / 2, `${seen.length} of ${frames} frames`);
  t.same(
    seen,
    seen.map((_, index) => index),
    'each once',
  );
  const heard = segments.reduce((sum, { sounds }) => sum + sounds.length, 0);
  t.ok(heard > 5.5 * 46, `${heard} packets of sound`);
});
