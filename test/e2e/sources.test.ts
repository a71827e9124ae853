/** Every kind of source becomes playable: judged by decoding what comes out by RTSP, RTMP and HLS. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { ffmpegPath, find } from './support/binaries.ts';
import { type Clip, clip, detailedClip, detailedPng, png } from './support/clips.ts';
import type { Picture } from './support/decode.ts';
import { startGapMeter } from './support/gap-meter.ts';
import { look } from './support/look.ts';
import { findGaps, readCounters } from './support/measure.ts';
import { startMediaServer } from './support/mediamtx.ts';
import { freePorts, type Scope, scope, until } from './support/process.ts';
import { ffmpeg } from './support/readers.ts';
import { type Relay, startRelay } from './support/relay.ts';
import { startXvfb } from './support/xvfb.ts';

const frames = 50;
/** At 25 pictures a second, and an RTSP reader joins up to 50 of them before a key frame. */
const some = { seconds: 4.5 };

interface Expected {
  rtsp: string;
  rtmp: string;
  hls: string;
}

const everywhere = (codecs: string): Expected => ({ rtsp: codecs, rtmp: codecs, hls: codecs });

async function playable(t: Test, s: Scope, relay: Relay, path: string, expected: Expected): Promise<void> {
  await Promise.all(
    (['rtsp', 'rtmp', 'hls'] as const).map(async (protocol) => {
      const codecs = expected[protocol];
      const sound = codecs.includes(' ');
      const seen = await look(s, relay[protocol](path), some);
      t.match(seen, { codecs, size: '640x360' }, `${path} by ${protocol}: ${codecs}`);
      t.ok(seen.frames >= frames, `${path} by ${protocol}: ${seen.frames} frames`);
      t.ok(!sound || seen.sounds > 0, `${path} by ${protocol}: ${seen.sounds} blocks of sound`);
    }),
  );
}

/** Milliseconds between pictures; where the clip starts over there are none. */
function steps(pictures: Picture[]): number[] {
  return pictures
    .slice(1)
    .flatMap(({ pts, counter }, index) => (counter === 0 ? [] : [(pts - pictures[index]!.pts) * 1000]));
}

async function whole(t: Test, s: Scope, relay: Relay, path: string, made: Clip): Promise<void> {
  const read = (url: string) => readCounters(s, { url, seconds: 10 });
  const [rtsp, rtmp] = await Promise.all([read(relay.rtsp(path)), read(relay.rtmp(path))]);
  for (const pictures of [rtsp, rtmp]) {
    t.ok(pictures.length >= 10 * made.fps - 1, `${path}: ${pictures.length} pictures in 10 s`);
    t.same(findGaps(pictures, made.frames), [], `${path}: no frame is lost or doubled`);
  }
  // RTMP counts milliseconds. An RTSP reader sets its clock anew at the first sender report.
  const all = steps(rtmp);
  const odd = all.filter((step) => Math.abs(step - 1000 / made.fps) > 1.1);
  t.same(odd, [], `${path}: every distance is that of the file`);
  const drift = all.reduce((sum, step) => sum + step, 0) - (all.length * 1000) / made.fps;
  t.ok(
    Math.abs(drift) < 3,
    `${path}: stays at ${made.fps.toFixed(2)} frames a second: ${drift.toFixed(1)} ms`,
  );
}

t.test('files', async (t) => {
  const s = scope(t);
  const clips = {
    aac: await clip({ seconds: 60 }),
    avi: await clip({ seconds: 30, video: 'mpeg4', audio: 'mp3' }),
    mkv: await clip({ seconds: 30, video: 'hevc', audio: 'opus' }),
    mute: await clip({ seconds: 30, audio: 'none' }),
    reordered: await clip({ seconds: 30, bFrames: 2 }),
    ntsc: await clip({ seconds: 30, fps: '30000/1001' }),
  };
  const entries = Object.entries(clips);
  const relay = await startRelay(s, {
    sources: Object.fromEntries(entries.map(([name, { file }]) => [name, { file, loop: true }])),
    routes: Object.fromEntries(entries.map(([name]) => [name, { from: name, split: name === 'aac' }])),
  });
  for (const [name] of entries) await relay.online(name);
  const { routes } = await relay.plan();
  t.same(Object.fromEntries(routes.map(({ name, tracks }) => [name, tracks.join(' ')])), {
    aac: 'H.264 AAC',
    avi: 'H.264 AAC',
    mkv: 'H.264 Opus',
    mute: 'H.264',
    reordered: 'H.264 AAC',
    ntsc: 'H.264 AAC',
  });

  await Promise.all(Object.entries(clips).map(([name, made]) => whole(t, s, relay, name, made)));
  const expected: [string, Expected][] = [
    ['aac', everywhere('h264 aac')],
    ['avi', everywhere('h264 aac')],
    ['mkv', { ...everywhere('h264 opus'), rtmp: 'h264' }],
    ['mute', everywhere('h264')],
    ['reordered', everywhere('h264 aac')],
    ['ntsc', everywhere('h264 aac')],
    ['aac/video', everywhere('h264')],
  ];
  // Not all at once: they would measure the machine.
  for (let index = 0; index < expected.length; index += 4) {
    await Promise.all(
      expected.slice(index, index + 4).map(([path, codecs]) => playable(t, s, relay, path, codecs)),
    );
  }
  await Promise.all(
    [relay.rtsp('aac/audio'), relay.rtmp('aac/audio'), relay.hls('aac/audio')].map(async (url) => {
      const seen = await look(s, url, some);
      t.match(seen, { codecs: 'aac', size: '' }, `${url}: sound alone`);
      t.ok(seen.sounds >= frames, `${seen.sounds} blocks`);
    }),
  );
});

/** A web server of one folder, with ranges, as any has them. */
async function serve(s: Scope, folder: string): Promise<string> {
  const server = createServer((request, response) => {
    const body = readFileSync(join(folder, basename(request.url ?? '')));
    const [, from] = /^bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    response.writeHead(from === undefined ? 200 : 206, {
      'accept-ranges': 'bytes',
      'content-length': body.length - start,
      ...(from !== undefined && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
    });
    response.end(body.subarray(start));
  });
  const [port] = await freePorts(1);
  server.listen(port, '127.0.0.1');
  s.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${port}`;
}

t.test('those that mostly wait', async (t) => {
  t.jobs = 2;
  const besides = { buffered: true };

  t.test(
    'a picture and a desktop',
    { ...besides, skip: find('Xvfb') === undefined && 'no Xvfb' },
    async (t) => {
      const s = scope(t);
      const desktop = await startXvfb(s);
      desktop.draw(1234, 60);
      const relay = await startRelay(s, {
        sources: { slide: { image: await png(), fps: 25 }, desk: { desktop: desktop.display, fps: 25 } },
        routes: { slide: 'slide', desk: 'desk' },
      });
      for (const path of ['slide', 'desk']) await relay.online(path);
      await Promise.all(['slide', 'desk'].map((path) => playable(t, s, relay, path, everywhere('h264'))));

      const meter = startGapMeter(s, relay.rtsp('desk'));
      const drawn = async (number: number, luma: number): Promise<void> => {
        const seen = await until(() => meter.footage().find(({ counter }) => counter === number), {
          timeout: 20_000,
          what: `number ${number} on the desktop`,
        });
        t.ok(
          Math.abs(seen.luma - luma) < 10,
          `what is on the screen is seen: ${number}, luma ${seen.luma.toFixed(0)}`,
        );
      };
      await drawn(1234, 60);
      desktop.draw(77, 200);
      await drawn(77, 200);
    },
  );

  t.test('large key frames among tiny pictures', besides, async (t) => {
    const s = scope(t);
    const film = await detailedClip();
    const relay = await startRelay(s, {
      sources: {
        slide: { image: await detailedPng(), fps: 25 },
        film: { file: film, loop: true },
        talk: { merge: { video: 'slide', audio: 'tone' } },
      },
      routes: {
        slide: 'slide',
        film: 'film',
        tone: { from: 'film', video: 'none' },
        talk: 'talk',
        'gray-slide': { from: 'slide', hook: 'relay:gray' },
        'gray-film': { from: 'film', hook: 'relay:gray' },
        'gray-talk': { from: 'talk', hook: 'relay:gray', video: 'hevc' },
      },
    });
    const mute = ['slide', 'gray-slide'];
    for (const path of [...mute, 'film', 'talk', 'gray-film', 'gray-talk']) await relay.online(path);
    await Promise.all(mute.map((path) => playable(t, s, relay, path, everywhere('h264'))));
    const heard = ['film', 'talk', 'gray-film'];
    await Promise.all(heard.map((path) => playable(t, s, relay, path, everywhere('h264 aac'))));
    const hevc = await look(s, relay.rtsp('gray-talk'), some);
    t.match(hevc, { codecs: 'hevc aac', size: '640x360' });
    t.ok(hevc.frames >= frames, `HEVC: ${hevc.frames} frames`);
  });

  t.test('what others publish', besides, async (t) => {
    const s = scope(t);
    const { file } = await clip({ seconds: 60 });
    const relay = await startRelay(
      s,
      {
        sources: { obs: { publish: true } },
        routes: { obs: 'obs', heard: { from: 'obs', audio: 'opus' } },
      },
      { ready: false },
    );
    await until(() => relay.status(), { what: 'the API' });
    const by = {
      rtmp: ['-f', 'flv', relay.rtmp('obs')],
      rtsp: ['-rtsp_transport', 'tcp', '-f', 'rtsp', relay.rtsp('obs')],
    };
    for (const [protocol, output] of Object.entries(by)) {
      const input = ['-nostdin', '-v', 'error', '-re', '-i', file, '-c', 'copy'];
      const publisher = s.spawn(ffmpegPath(), [...input, ...output], { name: `publish by ${protocol}` });
      await relay.online('obs');
      await relay.online('heard');
      await Promise.all([
        playable(t, s, relay, 'obs', everywhere('h264 aac')),
        playable(t, s, relay, 'heard', { ...everywhere('h264 opus'), rtmp: 'h264' }),
      ]);
      t.equal(publisher.exit(), undefined, `published by ${protocol}`);
      await publisher.stop();
      await until(async () => !(await relay.path('obs')).online, { what: 'the publisher to be gone' });
    }
    t.equal(
      (await relay.status()).units.filter(({ kind }) => kind === 'ffmpeg').length,
      1,
      'obs costs no process',
    );
  });

  t.test('over HTTP', besides, async (t) => {
    const s = scope(t);
    const made = await clip({ seconds: 60 });
    const playlist = join(s.dir, 'list.m3u8');
    await ffmpeg(s, [
      '-i',
      made.file,
      '-c',
      'copy',
      '-f',
      'hls',
      '-hls_time',
      '4',
      '-hls_list_size',
      '0',
      playlist,
    ]);
    writeFileSync(join(s.dir, 'clip.mp4'), readFileSync(made.file));
    const web = await serve(s, s.dir);
    const relay = await startRelay(s, {
      sources: { file: `${web}/clip.mp4`, list: `${web}/list.m3u8` },
      routes: { file: 'file', list: 'list' },
    });
    for (const path of ['file', 'list']) await relay.online(path);
    await Promise.all(['file', 'list'].map((path) => whole(t, s, relay, path, made)));
    await Promise.all(['file', 'list'].map((path) => playable(t, s, relay, path, everywhere('h264 aac'))));
  });

  t.test('to other servers', besides, async (t) => {
    const s = scope(t);
    const made = await clip({ seconds: 60 });
    const far = await startMediaServer(s);
    const relay = await startRelay(s, {
      sources: { promo: { file: made.file, loop: true } },
      routes: {
        one: { from: 'promo', to: far.rtmp('live/one') },
        two: { from: 'promo', to: [far.rtsp('live/two')] },
      },
    });
    await Promise.all(
      ['one', 'two'].map(async (name) => {
        const url = far.rtsp(`live/${name}`);
        await far.online(`live/${name}`, 30_000);
        const [pictures, seen] = await Promise.all([
          readCounters(s, { url, seconds: 5 }),
          look(s, url, some),
        ]);
        t.same(findGaps(pictures, made.frames), [], `${name}: every frame arrives`);
        t.match(seen, { codecs: 'h264 aac', size: '640x360' }, `${name}: both tracks arrive`);
        const [forward] = (await relay.path(name)).forward;
        t.match(forward, { state: 'forwarding' }, `${name}: its status says so`);
      }),
    );
    t.equal((await relay.plan()).units.length, 1, 'one process for both: the server copies');
  });
});
