/** Where no MediaMTX can be had, the same file runs on the embedded server as far as it goes. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import type { PathAddresses } from '../../src/commands/addresses.ts';
import { clip } from './support/clips.ts';
import { look } from './support/look.ts';
import { findGaps, readCounters } from './support/measure.ts';
import { aliveWith } from './support/proc.ts';
import { scope, until } from './support/process.ts';
import { startRelay } from './support/relay.ts';

t.test('RTMP and HTTP-FLV without MediaMTX', async (t) => {
  const s = scope(t);
  const made = await clip({ seconds: 60 });
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const relay = await startRelay(
    s,
    {
      sources: { promo: { file: made.file, loop: true }, bars: { test: 'bars', size: '640x360' } },
      routes: { promo: { from: 'promo', split: true }, bars: 'bars' },
    },
    {
      env: {
        MEDIAMTX_PATH: undefined,
        XDG_CACHE_HOME: join(s.dir, 'cache'),
        PATH: folders.filter((folder) => !existsSync(join(folder, 'mediamtx'))).join(delimiter),
      },
    },
  );
  t.match(
    relay.child().output(),
    /no fit MediaMTX .* running on the embedded server instead: RTMP and HTTP-FLV only/,
  );

  const line = await until(
    () =>
      relay
        .child()
        .output()
        .split('\n')
        .find((text) => text.startsWith('{"addresses"')),
    { what: 'addresses' },
  );
  const { addresses } = JSON.parse(line) as { addresses: PathAddresses[] };
  const { rtmp, hls } = relay.ports;
  t.same(
    addresses.map(({ path, urls }) => [path, ...urls]),
    ['promo', 'promo/video', 'promo/audio', 'bars'].map((path) => {
      const stream = path.replace('/', '_');
      return [path, `rtmp://127.0.0.1:${rtmp}/live/${stream}`, `http://127.0.0.1:${hls}/live/${stream}.flv`];
    }),
  );
  const alone: Record<string, string> = { 'promo/video': 'h264', 'promo/audio': 'aac' };
  for (const { path, urls } of addresses) {
    const codecs = alone[path] ?? 'h264 aac';
    // Its HTTP-FLV announces two tracks whatever there is, and ffmpeg waits 90 s for the second. It begins
    // with a packet of time 0, so packets are counted.
    const readable = path in alone ? urls.slice(0, 1) : urls;
    await Promise.all(
      readable.map(async (url) => {
        const seen = await look(s, url, { packets: path in alone ? 60 : 200 });
        t.equal(seen.codecs, codecs, `${url}: ${codecs}`);
        t.ok(
          seen.frames + seen.sounds >= 50,
          `${url}: ${seen.frames} frames, ${seen.sounds} blocks of sound`,
        );
      }),
    );
  }
  const pictures = await readCounters(s, { url: `rtmp://127.0.0.1:${rtmp}/live/promo`, seconds: 5 });
  t.same(findGaps(pictures, made.frames), [], 'no frame is lost');

  const { paths, units } = await relay.status();
  for (const path of paths) t.ok(path.online && path.bytesIn > 0, `${path.name} is known to be online`);
  t.ok(
    units.every(({ restarts }) => restarts === 0),
    'nothing was restarted',
  );
  await relay.stop();
  t.same(aliveWith(relay.marker), []);
});
