/** What dies comes back, how fast, and who notices: with the real server, ffmpeg and players' connections. */
import t, { type Test } from 'tap';
import { startCamera } from './support/camera.ts';
import { clip } from './support/clips.ts';
import { firstFootage } from './support/first-footage.ts';
import { startGapMeter } from './support/gap-meter.ts';
import { median } from './support/measure.ts';
import { aliveWith } from './support/proc.ts';
import { scope, until } from './support/process.ts';
import { startRelay } from './support/relay.ts';

const rounds = Number(process.env['RELAY_E2E_ROUNDS'] ?? 3);

/** Key frame distance of the clip, ms. */
const gop = 1000;

/**
 * Runs `once` several times and compares with what is promised. The usual case must keep the promise; the worst may be
 * late by half as much again, because a machine that is busy with something else is no defect of ours.
 */
async function judge(t: Test, what: string, promised: number, once: () => Promise<number>): Promise<void> {
  const seen: number[] = [];
  for (let round = 0; round < rounds; round++) seen.push(Math.round(await once()));
  t.comment(`${what}: worst ${Math.max(...seen)} ms of ${seen.join(', ')}; promised ${promised} ms`);
  t.ok(median(seen) <= promised, `${what}: ${median(seen)} ms, at most ${promised}`);
  t.ok(Math.max(...seen) <= promised * 1.5, `${what}: ${Math.max(...seen)} ms at worst`);
}

const promo = async () => {
  const made = await clip({ seconds: 60, gop: 1 });
  return { sources: { promo: { file: made.file, loop: true } }, routes: { promo: 'promo' } };
};

t.test('from relay run to the first frame', async (t) => {
  const s = scope(t);
  const relay = await startRelay(s, await promo());
  await judge(t, 'start to first frame by RTSP', 1000 + gop, async () => {
    await relay.stop();
    const starting = relay.start();
    const ms = await firstFootage(s, relay.rtsp('promo'), relay.startedAt());
    await starting;
    return ms;
  });
});

t.test('a server that dies: all routes are back', async (t) => {
  const s = scope(t);
  const file = await promo();
  const relay = await startRelay(s, {
    ...file,
    routes: {
      promo: { from: 'promo', split: true },
      bars: { from: 'promo', video: { codec: 'h264', gop: '1s' } },
    },
  });
  await judge(t, 'kill -9 of the server to footage on every route', 4000, async () => {
    const at = performance.now();
    process.kill(await relay.pidOf('server'), 'SIGKILL');
    const paths = ['promo', 'promo/video', 'bars'];
    return Math.max(...(await Promise.all(paths.map((path) => firstFootage(s, relay.rtsp(path), at)))));
  });
});

t.test('a gateway that is killed takes its children along and resumes', async (t) => {
  const s = scope(t);
  const relay = await startRelay(s, await promo());
  await judge(t, 'kill -9 of the gateway to its last child gone', 1000, async () => {
    const at = performance.now();
    relay.child().kill('SIGKILL');
    await relay.child().exited;
    await until(async () => aliveWith(relay.marker).length === 0, {
      timeout: 5000,
      every: 10,
      what: 'children to end',
    });
    const ms = performance.now() - at;
    await relay.start();
    await firstFootage(s, relay.rtsp('promo'), at);
    return ms;
  });
});

t.test('those that mostly wait', async (t) => {
  t.jobs = 2;
  const besides = { buffered: true };

  t.test('a publisher that dies or hangs: readers stay', besides, async (t) => {
    const s = scope(t);
    const relay = await startRelay(s, await promo());
    const readers = [startGapMeter(s, relay.rtsp('promo')), startGapMeter(s, relay.rtmp('promo'))];
    for (const reader of readers) await reader.footageAfter(0);

    for (const [signal, promised] of [
      ['SIGKILL', 1000],
      ['SIGSTOP', 7000],
    ] as const) {
      await judge(t, `gap after ${signal} of ffmpeg`, promised, async () => {
        // The first restart after a time of health comes at once; later ones wait longer and longer.
        await until(async () => Date.now() - (await relay.unit('source:promo')).since > 10_500, {
          timeout: 20_000,
          what: 'a unit in good health',
        });
        const pid = await relay.pidOf('source:promo');
        const at = performance.now();
        process.kill(pid, signal);
        const next = await relay.pidOf('source:promo', pid);
        await until(
          async () => {
            const unit = await relay.unit('source:promo');
            return unit.pid === next && unit.state === 'running';
          },
          { what: 'its successor to run' },
        );
        // What the dead one had sent may still be on its way: a second of new footage has the whole gap behind it.
        const back = performance.now() + 1000;
        for (const reader of readers) await reader.footageAfter(back);
        const gaps = readers.map((reader) => reader.longestGapMs(at));
        return Math.max(...gaps);
      });
    }
    for (const reader of readers) t.ok(reader.connected(), 'the same connection all the time');
  });

  t.test('cameras with and without sound that are gone for 10 s', besides, async (t) => {
    const s = scope(t);
    const cameras = Object.fromEntries(
      await Promise.all(
        Object.entries({ loud: 'aac', mute: 'none' } as const).map(async ([name, audio]) => {
          const made = await clip({ seconds: 60, gop: 1, audio });
          return [name, await startCamera(s, made.file, { by: 'srt' })] as const;
        }),
      ),
    );
    const names = Object.keys(cameras);
    const relay = await startRelay(s, {
      sources: Object.fromEntries(names.map((name) => [name, cameras[name]!.url])),
      routes: Object.fromEntries(names.map((name) => [name, name])),
    });
    const each = (work: (name: string) => Promise<unknown>): Promise<unknown[]> =>
      Promise.all(names.map(work));
    await each((name) => relay.online(name));
    t.same(
      (await relay.plan()).units.map(({ id }) => id),
      ['source:loud'],
      'ffmpeg aligns sound and picture; a picture alone needs no process at all',
    );
    await judge(t, 'return of the cameras to readable', 3000, async () => {
      await each((name) => cameras[name]!.kill());
      await each((name) =>
        until(async () => !(await relay.path(name)).online, { timeout: 20_000, what: 'the loss to be seen' }),
      );
      const gone = performance.now();
      await until(async () => performance.now() - gone > 10_000, {
        timeout: 11_000,
        what: '10 s of absence',
      });
      await each((name) => cameras[name]!.start());
      const at = performance.now();
      await each((name) => relay.online(name));
      return performance.now() - at;
    });
    await each((name) => firstFootage(s, relay.rtsp(name), 0));
  });
});
