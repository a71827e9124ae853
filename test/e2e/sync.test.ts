/**
 * Picture and sound stay on one clock from the source to each reader: a clip that flashes and beeps at the same
 * instant is read back, and what is judged is how much the offset between the two has changed on the way.
 */
import t, { type Test } from 'tap';
import { startCamera } from './support/camera.ts';
import { clip } from './support/clips.ts';
import { measureOffset, type Offset } from './support/measure.ts';
import { type Scope, scope, until } from './support/process.ts';
import { recorder } from './support/record.ts';
import { type Relay, startRelay } from './support/relay.ts';
import { FIRST_REPORT_SECONDS, measureWebrtc } from './support/webrtc.ts';

// They mostly wait for footage to pass.
t.jobs = 3;
const besides = { buffered: true };

const rounds = Number(process.env['RELAY_E2E_ROUNDS'] ?? 1);

/** Covers the server's sender reports, one each 10 s. */
const rtspSeconds = 24;

/**
 * Media seconds after which RTSP readers connect: the server learns from the first packets of each track how its clock
 * and theirs relate, and tells a reader that comes earlier what it knows by then (docs/sync.md).
 */
const settled = 6;

const period = 2;

interface Limits {
  /** ms, for the median at RTMP and HLS readers. */
  timeline: number;
  /** ms, for each pair at an RTSP reader. */
  rtsp: number;
}

/** All three kinds of readers at the same time. */
async function readAll(
  s: Scope,
  relay: Relay,
  path: string,
  unit: string,
): Promise<Record<'rtmp' | 'hls' | 'rtsp', Offset>> {
  const mature = until(async () => ((await relay.unit(unit)).figures.outTime ?? 0) >= settled, {
    what: 'a publisher that has run for a while',
  });
  const [rtmp, hls, rtsp] = await Promise.all([
    measureOffset(s, { url: relay.rtmp(path), seconds: 12 }),
    measureOffset(s, { url: relay.hls(path), seconds: 12 }),
    mature.then(() => measureOffset(s, { url: relay.rtsp(path), seconds: rtspSeconds })),
  ]);
  return { rtmp, hls, rtsp };
}

async function judge(
  t: Test,
  s: Scope,
  relay: Relay,
  path: string,
  unit: string,
  file: Offset,
  limits: Limits,
  when: string,
): Promise<void> {
  const seen = await readAll(s, relay, path, unit);
  const change = (ms: number): number => Math.round((ms - file.medianMs) * 10) / 10;
  for (const by of ['rtmp', 'hls'] as const) {
    const ms = change(seen[by].medianMs);
    t.comment(
      `${when}: ${path} by ${by}: ${ms} ms of ${seen[by].pairs.length} pairs, at most ${limits.timeline}`,
    );
    t.ok(seen[by].pairs.length >= 4 && Math.abs(ms) <= limits.timeline, `${when}: ${by} ${ms} ms`);
  }
  const all = seen.rtsp.pairs.map(({ at, ms }) => ({ at, ms: change(ms) }));
  t.comment(`${when}: ${path} by rtsp: ${all.map(({ ms }) => ms).join(' ')} ms, at most ${limits.rtsp}`);
  const worst = (from: number, to: number): number =>
    Math.max(...all.filter(({ at }) => at >= from && at < to).map(({ ms }) => Math.abs(ms)));
  const [before, after] = [
    worst(0, FIRST_REPORT_SECONDS),
    worst(FIRST_REPORT_SECONDS, Number.POSITIVE_INFINITY),
  ];
  t.ok(after <= limits.rtsp, `${when}: rtsp ${after} ms after the sender report`);
  // What a reader is told before it depends on the very packet at which it connects.
  t.ok(before <= limits.rtsp * 2.5, `${when}: rtsp ${before} ms before the sender report`);
}

/** Measures all paths after each of several starts, and after their publisher was killed. */
async function judgeStarts(
  t: Test,
  relay: Relay,
  s: Scope,
  paths: Record<string, Limits>,
  unit: string,
  file: Offset,
): Promise<void> {
  const each = (when: string): Promise<unknown> =>
    Promise.all(
      Object.entries(paths).map(async ([path, limits]) => {
        await relay.online(path);
        await judge(t, s, relay, path, unit, file, limits, when);
      }),
    );
  for (let round = 1; round <= rounds; round++) {
    if (round > 1) {
      await relay.stop();
      await relay.start();
    }
    await each(`start ${round}`);
  }
  const pid = await relay.pidOf(unit);
  process.kill(pid, 'SIGKILL');
  const next = await relay.pidOf(unit, pid);
  await until(
    async () => {
      const { pid: now, state } = await relay.unit(unit);
      return now === next && state === 'running';
    },
    { what: 'the publisher to be back' },
  );
  await each('after kill -9');
}

t.test('file to path, and through split and merge', besides, async (t) => {
  const s = scope(t);
  const made = await clip({ seconds: 64, period, gop: 1 });
  const file = await measureOffset(s, { url: made.file });
  const relay = await startRelay(s, {
    sources: {
      promo: { file: made.file, loop: true },
      both: { merge: { video: 'promo/video', audio: 'promo/audio' } },
    },
    routes: { promo: { from: 'promo', split: true }, both: 'both' },
  });
  const paths = { promo: { timeline: 2, rtsp: 10 }, both: { timeline: 10, rtsp: 10 } };
  await judgeStarts(t, relay, s, paths, 'source:promo', file);
});

t.test('a second gateway that pulls the first', besides, async (t) => {
  const s = scope(t);
  const made = await clip({ seconds: 64, period, gop: 1 });
  const file = await measureOffset(s, { url: made.file });
  const first = await startRelay(s, {
    sources: { promo: { file: made.file, loop: true } },
    routes: { promo: 'promo' },
  });
  await first.online('promo');
  const second = await startRelay(s, { sources: { far: first.rtsp('promo') }, routes: { far: 'far' } });
  await judgeStarts(t, second, s, { far: { timeline: 10, rtsp: 10 } }, 'source:far', file);
});

t.test('a camera whose picture leaves 300 ms after its sound', besides, async (t) => {
  const s = scope(t);
  const made = await clip({ seconds: 64, period, gop: 1 });
  const file = await measureOffset(s, { url: made.file });
  const camera = await startCamera(s, made.file, { lateVideoMs: 300 });
  const recording = await recorder(s);
  const relay = await startRelay(s, {
    server: { binary: recording.binary },
    sources: { cam: camera.url },
    routes: { cam: 'cam', web: { from: 'cam', audio: 'opus' } },
  });
  await relay.online('cam');
  await relay.online('web');
  for (let round = 1; round <= rounds; round++) {
    if (round > 1) {
      await relay.stop();
      await relay.start();
      await relay.online('cam');
      await relay.online('web');
    }
    const [rtmp, hls, webrtc] = await Promise.all([
      measureOffset(s, { url: relay.rtmp('cam'), seconds: 12 }),
      measureOffset(s, { url: relay.hls('cam'), seconds: 12 }),
      measureWebrtc(s, relay.whep('web')),
    ]);
    const recorded = await measureOffset(s, { url: await recording.fileOf('cam') });
    for (const [by, { medianMs }] of Object.entries({ rtmp, hls, recorded, webrtc })) {
      const ms = Math.round((medianMs - file.medianMs) * 10) / 10;
      t.comment(`late camera, start ${round}, by ${by}: ${ms} ms, at most 5`);
      t.ok(Math.abs(ms) <= 5, `${by} ${ms} ms`);
    }
  }
  t.ok(camera.held() > 0, 'the proxy did hold the picture back');
});
