/**
 * A hook leaves picture and sound together: the flash-and-beep clip goes through a hook, and what is judged is how much
 * the offset has changed at readers and in a recording, before and after the worker was killed.
 *
 * `RELAY_LONG=1`: every way with every clip, three starts each, RTSP readers everywhere.
 */
import t, { type Test } from 'tap';
import { type Clip, type ClipOptions, clip } from './support/clips.ts';
import { answering, identity, unavailable, type Way, ways } from './support/hooks.ts';
import { measureOffset, median, type Offset } from './support/measure.ts';
import { aliveWith } from './support/proc.ts';
import { type Scope, scope, until } from './support/process.ts';
import { type Recorder, recorder } from './support/record.ts';
import { type Relay, startRelay } from './support/relay.ts';
import { soundBytes } from './support/sound-bytes.ts';
import { longestPause, startSteadyReader } from './support/steady-reader.ts';
import { FIRST_REPORT_SECONDS } from './support/webrtc.ts';

const long = process.env['RELAY_LONG'] === '1';

/** ms, the change of the offset. */
const limits = { median: 1, pair: 3, rtsp: 10 };

/** Media seconds that each reader looks at; RTSP readers need the server's sender reports (docs/sync.md). */
const seconds = 10;
const rtspSeconds = 21;
const settled = 6;

/** AAC frames and pictures end together after 64 s: the loop has no seam. */
const common = { seconds: 64, period: 2, gop: 1 } as const;

type By = 'rtmp' | 'hls' | 'recording';

interface Variation {
  clip: ClipOptions;
  /** Readers that can have this sound: HLS has no G.711, and ffmpeg 5.1 reads no Opus by RTMP. */
  by: By[];
  /** `audio` of the route. */
  audio?: string;
}

const variations: Record<string, Variation> = {
  ntsc: { clip: { fps: '30000/1001' }, by: ['rtmp', 'hls', 'recording'] },
  vfr: { clip: { vfr: true }, by: ['rtmp', 'hls', 'recording'] },
  hevc: { clip: { video: 'hevc' }, by: ['rtmp', 'hls', 'recording'] },
  g711: { clip: { audio: 'alaw' }, audio: 'copy', by: ['rtmp'] },
  opus: { clip: { audio: 'opus' }, by: ['hls', 'recording'] },
};

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

function changes(seen: Offset, file: Offset): number[] {
  return seen.pairs.map(({ ms }) => rounded(ms - file.medianMs));
}

function judge(t: Test, what: string, ms: number[], atLeast = 3): void {
  const middle = rounded(median(ms));
  const worst = Math.max(...ms.map(Math.abs));
  t.comment(`${what}: median ${middle} ms, worst ${worst} ms of ${ms.length} pairs`);
  t.ok(ms.length >= atLeast, `${what}: ${ms.length} pairs`);
  t.ok(Math.abs(middle) <= limits.median, `${what}: median ${middle} ms`);
  t.ok(worst <= limits.pair, `${what}: worst ${worst} ms`);
}

/** By RTMP and HLS at the same time, then what the server has recorded meanwhile. */
async function judgeReaders(
  t: Test,
  s: Scope,
  { relay, recording, route, file, by, when }: Measured,
): Promise<void> {
  const live = by.filter((one) => one !== 'recording') as ('rtmp' | 'hls')[];
  await Promise.all(
    live.map(async (one) =>
      judge(
        t,
        `${when}: ${route} by ${one}`,
        changes(await measureOffset(s, { url: relay[one](route), seconds, lossy: true }), file),
      ),
    ),
  );
  if (!by.includes('recording')) return;
  judge(
    t,
    `${when}: ${route} recorded`,
    changes(await measureOffset(s, { url: await recording.fileOf(route), lossy: true }), file),
  );
}

interface Measured {
  relay: Relay;
  recording: Recorder;
  route: string;
  file: Offset;
  by: By[];
  when: string;
}

async function judgeRtsp(t: Test, s: Scope, { relay, route, file, when }: Measured): Promise<void> {
  await until(async () => ((await relay.unit(`hook:${route}`)).figures.hook?.outTime ?? 0) >= settled, {
    timeout: 20_000,
    what: 'a worker that has run for a while',
  });
  const seen = await measureOffset(s, { url: relay.rtsp(route), seconds: rtspSeconds, lossy: true });
  const all = seen.pairs.map(({ at, ms }) => ({ at, ms: rounded(ms - file.medianMs) }));
  t.comment(`${when}: ${route} by rtsp: ${all.map(({ ms }) => ms).join(' ')} ms`);
  const worst = Math.max(...all.filter(({ at }) => at >= FIRST_REPORT_SECONDS).map(({ ms }) => Math.abs(ms)));
  const early = Math.max(...all.filter(({ at }) => at < FIRST_REPORT_SECONDS).map(({ ms }) => Math.abs(ms)));
  t.ok(worst <= limits.rtsp, `${when}: rtsp ${worst} ms`);
  // What a reader is told before the server's report depends on the very packet at which it connects.
  t.ok(early <= limits.rtsp * 2.5, `${when}: rtsp ${early} ms before the sender report`);
}

/** A reader that was there before the worker was killed sees its successor, and the same offsets. */
async function judgeKill(t: Test, s: Scope, measured: Measured): Promise<void> {
  const { relay, route, file, by } = measured;
  const staying = startSteadyReader(s, by.includes('rtmp') ? relay.rtmp(route) : relay.rtsp(route));
  await staying.pictureAfter(performance.now());
  const unit = `hook:${route}`;
  const pid = await relay.pidOf(unit);
  const killed = performance.now();
  process.kill(pid, 'SIGKILL');
  const next = await relay.pidOf(unit, pid);
  await until(async () => (await relay.unit(unit)).state === 'running', { what: 'the worker to be back' });
  await answering(relay, route);
  const back = await staying.pictureAfter(performance.now() + 500);
  t.not(next, pid, 'another worker');
  const gap = Math.round(longestPause(staying.pictures(killed - 200)));
  t.comment(`${route}: no picture for ${gap} ms after kill -9 of its worker`);
  t.ok(gap <= 2000, `no picture for ${gap} ms`);
  await judgeReaders(t, s, { ...measured, when: 'after kill -9' });
  t.ok(staying.connected(), 'the reader stayed');
  const pairs = staying.pairs(back.at + 500).map(({ ms }) => rounded(ms - file.medianMs));
  if (by.includes('rtmp')) judge(t, `${route} at the reader that stayed`, pairs, 2);
  await staying.stop();
}

async function judgeSound(t: Test, s: Scope, relay: Relay, route: string, by: By[], made: Clip) {
  const whole = await soundBytes(s, made.file);
  const url = by.includes('rtmp') ? relay.rtmp(route) : relay.hls(route);
  const seen = await soundBytes(s, url, 4);
  t.ok(seen.length > 1000 && Buffer.concat([whole, whole]).includes(seen), `${seen.length} bytes of sound`);
}

/** One gateway with these routes, judged in every way that is asked for. */
async function judgeRoutes(
  t: Test,
  routes: Record<string, Variation & { way: Way }>,
  { rtsp, kill, starts }: { rtsp: boolean; kill: boolean; starts: number },
): Promise<void> {
  const s = scope(t);
  const recording = await recorder(s);
  const made: Record<string, Clip> = {};
  const files: Record<string, Offset> = {};
  const sources: Record<string, unknown> = {};
  const hooked: Record<string, unknown> = {};
  for (const [name, { way, clip: options, audio = 'auto' }] of Object.entries(routes)) {
    made[name] = await clip({ ...common, ...options });
    files[name] = await measureOffset(s, { url: made[name].file, seconds: 20 });
    sources[name] = { file: made[name].file, loop: true };
    hooked[name] = { from: name, audio, hook: await identity(s, way) };
  }
  const relay = await startRelay(s, { server: { binary: recording.binary }, sources, routes: hooked });
  for (let start = 1; start <= starts; start++) {
    if (start > 1) {
      await relay.stop();
      await relay.start();
    }
    const each = async (judged: (measured: Measured) => Promise<void>): Promise<void> => {
      await Promise.all(
        Object.entries(routes).map(([route, { by }]) =>
          judged({ relay, recording, route, file: files[route]!, by, when: `start ${start}` }),
        ),
      );
    };
    await each(async ({ route, by }) => {
      await relay.online(route);
      await answering(relay, route);
      if (start === 1) await judgeSound(t, s, relay, route, by, made[route]!);
    });
    await Promise.all([
      each((measured) => judgeReaders(t, s, measured)),
      rtsp ? each((measured) => judgeRtsp(t, s, measured)) : undefined,
    ]);
    if (kill) await each((measured) => judgeKill(t, s, measured));
  }
  await relay.stop();
  t.same(aliveWith(relay.marker), [], 'no process is left');
}

const all: By[] = ['rtmp', 'hls', 'recording'];

t.test('720p25 with AAC through a hook', async (t) => {
  // The long run has the machine for itself.
  t.jobs = long ? 1 : 2;
  for (const way of ways) {
    t.test(`by ${way}`, { buffered: true }, async (t) => {
      const why = await unavailable(scope(t), way);
      if (why !== undefined) return void t.pass(way, { skip: why });
      const routes = { [way]: { way, clip: { size: '1280x720' } as const, by: all } };
      const thorough = long || way === 'module';
      await judgeRoutes(t, routes, { rtsp: thorough, kill: thorough, starts: long ? 3 : 1 });
    });
  }
});

for (const way of long ? ways : (['module'] as const)) {
  t.test(`other rates, codecs and sound through a hook by ${way}`, async (t) => {
    const why = await unavailable(scope(t), way);
    if (why !== undefined) return void t.pass(way, { skip: why });
    const routes = Object.fromEntries(
      Object.entries(variations).map(([name, variation]) => [name, { ...variation, way }]),
    );
    if (!long) return judgeRoutes(t, routes, { rtsp: false, kill: false, starts: 1 });
    // One at a time: all together would measure the machine.
    for (const [name, route] of Object.entries(routes)) {
      await judgeRoutes(t, { [name]: route }, { rtsp: true, kill: true, starts: 3 });
    }
  });
}
