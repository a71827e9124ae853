import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { RelayError } from '../../src/errors.ts';
import type { Media } from '../../src/media.ts';
import { probeMedia } from '../../src/observe/probe.ts';
import { type Clip, makeClip } from '../support/clips.ts';

const folder = t.testdir();
const look = async (clip: Clip): Promise<Media> =>
  probeMedia({ ffprobe: 'ffprobe', args: ['-i', `file:${await makeClip(folder, clip)}`] });

const video = {
  type: 'video',
  width: 160,
  height: 90,
  frameRate: '25/1',
  bFrames: false,
  pixelFormat: 'yuv420p',
};

t.test('H.264 + AAC', async (t) => {
  const { tracks, duration } = await look('h264-aac.mp4');
  t.strictSame(tracks, [
    { ...video, codec: 'h264', profile: 'Constrained Baseline' },
    { type: 'audio', codec: 'aac', profile: 'LC', sampleRate: 48000, channels: 1 },
  ]);
  t.ok(Math.abs((duration ?? 0) - 2) < 0.1);
});

t.test('B-frames are seen by the order of packets', async (t) => {
  t.match((await look('bframes.mp4')).tracks, [{ codec: 'h264', bFrames: true }]);
});

t.test('AVI: B-frames without presentation times, and none', async (t) => {
  t.match((await look('mpeg4-bframes.avi')).tracks, [{ codec: 'mpeg4', bFrames: true }]);
  t.match((await look('mpeg4-mp3.avi')).tracks, [
    { codec: 'mpeg4', bFrames: false, profile: 'Simple Profile' },
    { type: 'audio', codec: 'mp3', sampleRate: 48000 },
  ]);
});

t.test('HEVC + Opus', async (t) => {
  t.match((await look('hevc-opus.mkv')).tracks, [
    { ...video, codec: 'hevc', profile: 'Main' },
    { type: 'audio', codec: 'opus', sampleRate: 48000, channels: 1 },
  ]);
});

t.test('large key frames among tiny pictures', async (t) => {
  t.match((await look('slide.mp4')).tracks, [{ codec: 'h264', burst: true }]);
});

t.test('rates that are no whole number', async (t) => {
  t.match((await look('ntsc.mp4')).tracks, [{ frameRate: '30000/1001' }]);
});

t.test('a picture', async (t) => {
  t.match((await look('picture.png')).tracks, [{ type: 'video', codec: 'png', pixelFormat: 'rgb24' }]);
});

t.test('a cover is no video', async (t) => {
  t.strictSame((await look('sound.mp3')).tracks, [
    { type: 'audio', codec: 'mp3', sampleRate: 48000, channels: 1 },
  ]);
});

t.test('it looks at the start of a file only', async (t) => {
  const file = await makeClip(folder, 'h264-aac.mp4');
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    await probeMedia({ ffprobe: 'ffprobe', args: ['-i', `file:${file}`] });
    times.push(performance.now() - start);
  }
  t.ok(Math.min(...times) < 1000, `${times.map(Math.round).join(', ')} ms`);
});

t.test('what can not be read says why in one line', async (t) => {
  const none = join(folder, 'none.mp4');
  await t.rejects(probeMedia({ ffprobe: 'ffprobe', args: ['-i', `file:${none}`] }), {
    code: 'RELAY_SOURCE_UNREADABLE',
    message: `file:${none}: No such file or directory`,
  });
  const text = join(folder, 'text.mp4');
  writeFileSync(text, 'this is no video');
  await t.rejects(probeMedia({ ffprobe: 'ffprobe', args: ['-i', `file:${text}`] }), {
    code: 'RELAY_SOURCE_UNREADABLE',
  });
  await t.rejects(probeMedia({ ffprobe: join(folder, 'none'), args: ['-i', 'x'] }), {
    code: 'RELAY_BINARY_MISSING',
  });
});

t.test('a server that accepts and says nothing', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  t.teardown(() => silent.close());
  await new Promise((resolve) => silent.once('listening', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const args = ['-rtsp_transport', 'tcp', '-i', `rtsp://admin:geheim@127.0.0.1:${port}/x`];

  const error: unknown = await probeMedia({ ffprobe: 'ffprobe', args, timeoutMs: 300 }).catch(
    (thrown: unknown) => thrown,
  );
  t.ok(error instanceof RelayError);
  t.match(error, { code: 'RELAY_SOURCE_UNREADABLE', message: /no answer within 0\.3 s/ });
  t.notMatch(String(error), 'geheim');

  const abort = new AbortController();
  silent.once('connection', () => abort.abort(new Error('not wanted any more')));
  await t.rejects(probeMedia({ ffprobe: 'ffprobe', args, signal: abort.signal }), {
    message: 'not wanted any more',
  });
});
