/** `relay push`: one line, no file, and nothing left behind. */
import t, { type Test } from 'tap';
import type { PathAddresses } from '../../src/commands/addresses.ts';
import { built, cli } from '../support/relay.ts';
import { readBars } from './support/bars.ts';
import { find } from './support/binaries.ts';
import { clip } from './support/clips.ts';
import { startGapMeter } from './support/gap-meter.ts';
import { look } from './support/look.ts';
import { startMediaServer } from './support/mediamtx.ts';
import { aliveWith, argvOf } from './support/proc.ts';
import { type Child, type Scope, scope, until } from './support/process.ts';
import { startXvfb } from './support/xvfb.ts';

t.before(built);

interface Pushing {
  child: Child;
  marker: string;
  url(scheme: 'rtsp' | 'rtmp', path: string): string;
}

let pushes = 0;

/** Resolves when it has printed its addresses. */
async function push(s: Scope, ...args: string[]): Promise<Pushing> {
  const marker = `LC_RELAY_TEST=${process.pid}-push${++pushes}`;
  const child = s.spawn(process.execPath, [cli, 'push', ...args, '--log', 'json'], {
    name: `relay push ${args.join(' ')}`,
    cwd: s.dir,
    env: { ...process.env, LC_RELAY_TEST: marker.split('=')[1] },
  });
  // Its children are in groups of their own: only it can take them along.
  s.defer(() => child.stop(10_000));
  const urls = await until(
    () => {
      if (child.exit() !== undefined) throw new Error(`it ended: ${child.output()}`);
      const line = child
        .output()
        .split('\n')
        .find((text) => text.startsWith('{"addresses"'));
      if (line === undefined) return undefined;
      const { addresses } = JSON.parse(line) as { addresses: PathAddresses[] };
      return addresses.flatMap((each) => each.urls);
    },
    { timeout: 30_000, what: `the addresses of ${args.join(' ')}` },
  );
  return {
    child,
    marker,
    url(scheme, path) {
      const found = urls.find((url) => url.startsWith(`${scheme}:`) && url.endsWith(`/${path}`));
      if (found === undefined) throw new Error(`no ${scheme} address of ${path}: ${child.output()}`);
      return found;
    },
  };
}

/** The reader retries, as the stream comes up after its address is printed. */
async function footage(s: Scope, url: string): Promise<void> {
  let meter = startGapMeter(s, url);
  await until(
    () => {
      if (!meter.connected()) meter = startGapMeter(s, url);
      return meter.footage().length >= 50;
    },
    { timeout: 30_000, every: 100, what: `50 frames of ${url}` },
  );
  await meter.stop();
}

async function interrupted(t: Test, { child, marker }: Pushing): Promise<void> {
  t.ok(aliveWith(marker).length >= 3, 'gateway, server and ffmpeg run');
  child.kill('SIGINT');
  t.same(await child.exited, { code: 0, signal: null }, 'Ctrl-C is a clean end');
  t.same(aliveWith(marker).map(argvOf), [], 'no child is left');
}

t.test('a file in a loop', async (t) => {
  const s = scope(t);
  const { file } = await clip({ seconds: 2 });
  const pushing = await push(s, file, 'promo', '--loop');
  await footage(s, pushing.url('rtsp', 'promo'));
  t.match(await look(s, pushing.url('rtmp', 'promo'), { seconds: 4 }), {
    codecs: 'h264 aac',
    size: '640x360',
  });
  await interrupted(t, pushing);
});

t.test('the test picture', async (t) => {
  const s = scope(t);
  const pushing = await push(s, 'test', '--fps', '10');
  const numbers = await until(
    async () => {
      const read = await readBars(s, pushing.url('rtsp', 'test'), 20);
      return read.length === 20 && read;
    },
    { timeout: 30_000, what: 'the counter' },
  );
  t.same(
    numbers,
    numbers.map((_, index) => numbers[0]! + index),
  );
  await interrupted(t, pushing);
});

t.test('a desktop', { skip: find('Xvfb') === undefined && 'no Xvfb' }, async (t) => {
  const s = scope(t);
  const desktop = await startXvfb(s);
  desktop.draw(4321, 90);
  const pushing = await push(s, `desktop:${desktop.display}`, '--fps', '25');
  await footage(s, pushing.url('rtsp', 'desktop'));
  t.pass('what is drawn on it is seen');
  await interrupted(t, pushing);
});

t.test('to another server', async (t) => {
  const s = scope(t);
  const far = await startMediaServer(s);
  const { file } = await clip({ seconds: 60 });
  const pushing = await push(s, file, '--loop', far.rtmp('live/key'));
  await far.online('live/key', 30_000);
  await footage(s, far.rtsp('live/key'));
  t.match(await far.path('live/key'), { tracks: ['H264', 'MPEG-4 Audio'] });
  await interrupted(t, pushing);
  await until(async () => !(await far.path('live/key'))?.online, { what: 'the other server to notice' });
});

t.test('a second Ctrl-C does not wait', async (t) => {
  const s = scope(t);
  const { file } = await clip({ seconds: 60 });
  const { child, marker, url } = await push(s, file, 'promo', '--loop', '--level', 'debug');
  await footage(s, url('rtsp', 'promo'));
  // A child that does not answer: the first Ctrl-C gives it time.
  const stuck = aliveWith(marker).filter((pid) => /ffmpeg|mediamtx/.test(argvOf(pid)[0] ?? ''));
  t.equal(stuck.length, 2);
  for (const pid of stuck) process.kill(pid, 'SIGSTOP');
  child.kill('SIGINT');
  await until(() => /"unit":"source:\w+","msg":"stopping"/.test(child.output()), {
    what: 'it to begin to stop',
  });
  t.equal(child.exit(), undefined, 'it waits');
  child.kill('SIGINT');
  t.same(await child.exited, { code: 130, signal: null });
  await until(() => aliveWith(marker).length === 0, { timeout: 5000, what: 'its children to be gone' });
});
