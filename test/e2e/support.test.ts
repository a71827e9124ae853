/** The meters themselves: what is known is measured, what is missing is noticed. */
import t from 'tap';
import { clip, make } from './support/clips.ts';
import { counterRow, readCounterRow } from './support/counter.ts';
import { startGapMeter } from './support/gap-meter.ts';
import { findGaps, measureOffset, readCounters } from './support/measure.ts';
import { publishFile, startMediaServer } from './support/mediamtx.ts';
import { aliveWith, isAlive } from './support/proc.ts';
import { scope, type Teardown, until } from './support/process.ts';
import { soundBytes } from './support/sound-bytes.ts';
import { delays, longestHole, longestPause, startSteadyReader, unwound } from './support/steady-reader.ts';

t.test('a row of blocks carries a number, and nothing else does', async (t) => {
  for (const frame of [0, 1, 2, 1499, 8191, 16_383]) t.equal(readCounterRow(counterRow(frame)), frame);
  t.equal(readCounterRow(counterRow(16_384)), 0, 'starts again');
  t.equal(readCounterRow(Buffer.alloc(16, 16)), null, 'black');
  t.equal(
    readCounterRow(Buffer.alloc(16, 235)),
    16_383 === readCounterRow(Buffer.alloc(16, 235)) ? 16_383 : null,
  );
  t.equal(readCounterRow(Buffer.alloc(16, 128)), null, 'grey');
  const flipped = counterRow(77);
  flipped[9] = 235 + 16 - flipped[9]!;
  t.equal(readCounterRow(flipped), null, 'a wrong bit');
});

t.test('a known offset is measured within 1 ms', async (t) => {
  const s = scope(t);
  const { file } = await clip({ seconds: 10 });
  const still = await measureOffset(s, { url: file });
  t.equal(still.pairs.length, 10);
  t.ok(Math.abs(still.medianMs) < 1, `in sync: ${still.medianMs} ms`);

  const shifted = async (seconds: string): Promise<string> =>
    make(
      [
        '-v',
        'error',
        '-i',
        file,
        '-itsoffset',
        seconds,
        '-i',
        file,
        '-map',
        '0:v',
        '-map',
        '1:a',
        '-c',
        'copy',
      ],
      'mkv',
    );
  const late = await measureOffset(s, { url: await shifted('0.05') });
  t.ok(Math.abs(late.medianMs - 50) < 1, `50 ms late: ${late.medianMs} ms`);
  const early = await measureOffset(s, { url: await shifted('-0.3') });
  t.ok(Math.abs(early.medianMs + 300) < 1, `300 ms early: ${early.medianMs} ms`);
});

t.test('frames that are missing are noticed, through a transcode too', async (t) => {
  const s = scope(t);
  const whole = await clip({ seconds: 10 });
  t.same(findGaps(await readCounters(s, { url: whole.file })), []);
  const holes = await clip({ seconds: 10, without: [40, 41, 100] });
  const small = await make(['-v', 'error', '-i', holes.file, '-s', '320x180', '-c:v', 'mpeg4', '-an'], 'mkv');
  for (const url of [holes.file, small]) {
    const pictures = await readCounters(s, { url });
    t.equal(pictures.length, 247);
    t.same(findGaps(pictures), [
      { after: 39, missing: 2 },
      { after: 99, missing: 1 },
    ]);
  }
});

t.test('a live reader sees a gap, a slate and the loop of the clip', async (t) => {
  const s = scope(t);
  const { file, frames } = await clip({ seconds: 5 });
  const tracks = [{ codec: 'H264' }, { codec: 'MPEG4Audio', sampleRate: 48_000, channelCount: 1 }];
  const server = await startMediaServer(s, {
    paths: { live: { alwaysAvailable: true, alwaysAvailableTracks: tracks } },
  });
  const to = { server, path: 'live', by: 'srt' as const };
  const publisher = publishFile(s, file, to);
  await server.online('live');
  const meter = startGapMeter(s, server.rtsp('live'));
  await meter.footageAfter(performance.now());
  const offset = await measureOffset(s, { url: server.rtmp('live'), seconds: 5 });
  t.ok(Math.abs(offset.medianMs) < 2, `by RTMP: ${offset.medianMs} ms`);
  t.same(meter.lost(frames), [], 'the loop is no gap');
  t.ok(meter.longestGapMs() < 300, 'it flows');

  const cut = performance.now();
  await publisher.stop();
  await until(() => meter.slates() > 3, { what: 'the slate' });
  publishFile(s, file, to);
  await meter.footageAfter(performance.now() + 100);
  t.ok(meter.connected(), 'the reader stayed');
  t.ok(meter.longestGapMs(cut) > 300, `gap of ${meter.longestGapMs(cut)} ms`);
  t.not(meter.lost(frames, cut - 200).length, 0, 'the new publisher starts its clip anew');
});

t.test('processes of a test end with it', async (t) => {
  const ends: (() => unknown)[] = [];
  const owner: Teardown = { teardown: (fn) => ends.push(fn) };
  const s = scope(owner);
  const marker = `RELAY_TEST_SUPPORT=${process.pid}`;
  const env = { ...process.env, RELAY_TEST_SUPPORT: String(process.pid) };
  const child = s.spawn('sh', ['-c', 'trap "" TERM; sleep 60 & wait; wait'], { env });
  await until(() => aliveWith(marker).length === 2, { what: 'both processes' });
  for (const end of ends) await end();
  t.notOk(isAlive(child.pid));
  t.same(aliveWith(marker), []);
});

t.test('a steady reader sees unbroken sound, its coded bytes, and a break', async (t) => {
  const s = scope(t);
  const { file, frames, fps } = await clip({ seconds: 16 });
  const server = await startMediaServer(s, {
    paths: {
      live: {
        alwaysAvailable: true,
        alwaysAvailableTracks: [
          { codec: 'H264' },
          { codec: 'MPEG4Audio', sampleRate: 48_000, channelCount: 1 },
        ],
      },
    },
  });
  const to = { server, path: 'live', by: 'srt' as const };
  const publisher = publishFile(s, file, to);
  await server.online('live');
  const reader = startSteadyReader(s, server.rtmp('live'));
  const [whole, seen] = await Promise.all([soundBytes(s, file), soundBytes(s, server.rtmp('live'), 3)]);
  t.ok(seen.length > 500 && whole.includes(seen), `${seen.length} bytes of sound as in the file`);
  const { at } = await reader.pictureAfter(0);
  await reader.pictureAfter(at + 4000);
  t.ok(longestHole(reader.sounds()) < 3, `holes up to ${longestHole(reader.sounds())} ms`);
  const late = delays(reader.pictures(at + 1000), frames, fps);
  t.ok(Math.max(...late) - Math.min(...late) < 200, `${Math.max(...late)} ms late`);
  t.ok(reader.pairs().length >= 2 && reader.pairs().every(({ ms }) => Math.abs(ms) < 3));

  const cut = performance.now();
  await publisher.stop();
  await until(() => performance.now() - cut > 1000, { what: 'a second without' });
  publishFile(s, file, to);
  await reader.pictureAfter(cut + 1000);
  t.ok(longestPause(reader.pictures()) > 900, 'the picture stood still');
  t.same(unwound([{ counter: 14 }, { counter: 15 }, { counter: 0 }, { counter: 15 }], 16), [0, 1, 2, 1]);
});
