/** The players that people use, on routes like those that the repository ships. */
import t, { type Test } from 'tap';
import { readBars } from './support/bars.ts';
import { chromiumPath, playPage } from './support/chromium.ts';
import { clip } from './support/clips.ts';
import { type Scope, scope } from './support/process.ts';
import { decodeFrames, missing, type Reader } from './support/readers.ts';
import { type Relay, startRelay } from './support/relay.ts';

const frames = 100;

const shipped = async (s: Scope): Promise<Relay> => {
  const { file } = await clip({ seconds: 60 });
  const relay = await startRelay(s, {
    sources: { promo: { file, loop: true }, bars: { test: 'bars', size: '640x360' } },
    routes: { promo: 'promo', bars: { from: 'bars', split: true }, talk: { from: 'promo', audio: 'opus' } },
  });
  // An encoder that reads another path is planned and started after it.
  for (const path of ['promo', 'bars', 'talk']) await relay.online(path);
  return relay;
};

async function play(t: Test, s: Scope, reader: Reader, url: string): Promise<void> {
  const why = missing(reader, url);
  if (why !== undefined) return void t.pass(`${reader} of ${url}`, { skip: why });
  const { frames: got, sounds } = await decodeFrames(s, reader, url, frames);
  t.ok(got >= frames, `${reader} decodes ${got} frames and ${sounds ?? 'unknown'} blocks of sound of ${url}`);
}

t.test('players by RTSP, RTMP and HLS', async (t) => {
  const s = scope(t);
  const relay = await shipped(s);
  const readers: [Reader, string][] = [
    ['ffprobe', relay.rtsp('promo')],
    ['vlc', relay.rtsp('promo')],
    ['gstreamer', relay.rtsp('promo')],
    ['opencv', relay.rtsp('promo')],
    ['ffprobe', relay.rtmp('promo')],
    ['ffprobe', relay.hls('promo')],
    ['vlc', relay.rtmp('promo')],
    ['vlc', relay.hls('promo')],
    ['ffprobe', relay.rtsp('bars')],
    ['gstreamer', relay.rtsp('bars')],
  ];
  // A few at a time: all together would measure the machine.
  for (let index = 0; index < readers.length; index += 5) {
    await Promise.all(readers.slice(index, index + 5).map(([reader, url]) => play(t, s, reader, url)));
  }

  const numbers = await readBars(s, relay.rtsp('bars'), frames);
  t.equal(numbers.length, frames);
  t.same(
    numbers,
    numbers.map((_, index) => numbers[0]! + index),
    'the counter of the bars goes up by one with each frame',
  );
  t.ok(numbers[0]! > 0, 'and it is a running one');
  const apart = await readBars(s, relay.rtsp('bars/video'), 10);
  t.same(
    apart,
    apart.map((_, index) => apart[0]! + index),
    'also where picture and sound are apart',
  );
});

t.test('a browser by WebRTC', { skip: chromiumPath() === undefined && 'no Chromium' }, async (t) => {
  const s = scope(t);
  const relay = await shipped(s);
  const silent = await playPage(s, relay.page('promo'), { frames, timeout: 60_000 });
  t.ok(
    silent.frames >= frames && silent.width === 640,
    `${silent.frames} frames, ${silent.codecs.join(' ')}`,
  );
  t.equal(silent.audioSamples, 0, 'AAC is nothing for WebRTC, as the plan says');
  t.match(
    (await relay.plan()).routes.find(({ name }) => name === 'promo')?.why.join('; '),
    /WebRTC readers get no sound/,
  );
  const talk = await playPage(s, relay.page('talk'), { frames, timeout: 60_000 });
  t.ok(talk.audioTracks > 0 && talk.audioSamples > 0, `Opus is heard: ${talk.audioSamples} samples`);
  t.ok(talk.codecs.includes('audio/opus'));
});
