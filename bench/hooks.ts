/**
 * What a hooked route costs: feeder, worker and the hook's own processes against one ffmpeg that decodes and encodes
 * with the same settings, and against a script with PyAV, on the same clip. One after the other, theirs before and after
 * ours: at the same time they would slow each other down on the caches of two cores.
 */
import { fileURLToPath } from 'node:url';
import { ffmpegPath, pythonPath } from '../test/e2e/support/binaries.ts';
import { type Clip, clip } from '../test/e2e/support/clips.ts';
import {
  answering,
  figuresOf,
  fixture,
  type HookSetting,
  identity,
  unavailable,
} from '../test/e2e/support/hooks.ts';
import { type MediaServer, startMediaServer, tsArgs } from '../test/e2e/support/mediamtx.ts';
import { descendants, usageOf } from '../test/e2e/support/proc.ts';
import { type Child, runOnce, type Scope } from '../test/e2e/support/process.ts';
import { startRelay } from '../test/e2e/support/relay.ts';
import { pause, type Row } from './report.ts';

const seconds = Number(process.env['RELAY_BENCH_SECONDS'] ?? 40);

/** As the gateway encodes. */
const settings = ['-preset', 'veryfast', '-tune', 'zerolatency', '-bf', '0', '-crf', '23', '-g', '50'];

function bareFfmpeg(s: Scope, made: Clip, server: MediaServer): Child {
  const input = ['-nostdin', '-loglevel', 'warning', '-re', '-stream_loop', '-1', '-i', made.file];
  const codecs = ['-c:v', 'libx264', ...settings, '-c:a', 'copy'];
  return s.spawn(ffmpegPath(), [...input, ...codecs, ...tsArgs, server.srtPublish('bare')], { name: 'bare' });
}

function pyav(s: Scope, made: Clip, server: MediaServer): Child {
  const script = fileURLToPath(new URL('./pyav.py', import.meta.url));
  return s.spawn(pythonPath(), [script, made.file, server.rtmp('pyav')], { name: 'pyav' });
}

interface Compared {
  hook: HookSetting;
  what: string;
  /** Most that we may cost for each of theirs; undefined: only told. */
  ratio?: number;
  against: 'ffmpeg' | 'PyAV';
  /** Judge the time that the stage adds, too. */
  latency?: boolean;
}

/** Percent of a core that theirs takes; the first seconds are start-up and don't count. */
async function aloneTheirs(s: Scope, made: Clip, against: Compared['against']): Promise<number> {
  const server = await startMediaServer(s);
  const [path, theirs] =
    against === 'ffmpeg'
      ? (['bare', bareFfmpeg(s, made, server)] as const)
      : (['pyav', pyav(s, made, server)] as const);
  await server.online(path, 30_000);
  await pause(3, `${against}: settling`);
  const [from, before] = [performance.now(), usageOf(theirs.pid).cpuSeconds];
  await pause(seconds / 2, against);
  const share = (usageOf(theirs.pid).cpuSeconds - before) / ((performance.now() - from) / 1000);
  await theirs.stop();
  await server.kill();
  return share * 100;
}

async function compare(
  s: Scope,
  made: Clip,
  { hook, what, ratio, against, latency }: Compared,
): Promise<Row[]> {
  const bareBefore = await aloneTheirs(s, made, against);
  const relay = await startRelay(s, {
    sources: { cam: { file: made.file, loop: true } },
    routes: { cam: { from: 'cam', hook } },
  });
  await relay.online('cam');
  await answering(relay, 'cam', 100);
  // The figures' percentiles are those of the last ten seconds.
  await pause(10, `${what}: settling`);
  const { units } = await relay.status();
  const ours = units.filter(({ kind, pid }) => (kind === 'ffmpeg' || kind === 'worker') && pid !== undefined);
  const parts = ours.flatMap(({ id, pid }) =>
    [pid!, ...descendants(pid!)].map((one, index) => ({
      name: index === 0 ? (id.split(':')[0] ?? id) : 'its process',
      pid: one,
    })),
  );
  const used = (): number[] => parts.map(({ pid }) => usageOf(pid).cpuSeconds);
  const [from, before, first] = [performance.now(), used(), await figuresOf(relay, 'cam')];
  await pause(seconds, what);
  const [after, last] = [used(), await figuresOf(relay, 'cam')];
  const lasted = (performance.now() - from) / 1000;
  const shares = after.map((sum, index) => ((sum - before[index]!) / lasted) * 100);
  const mine = shares.reduce((sum, share) => sum + share, 0);
  const each = parts.map(({ name }, index) => `${name} ${shares[index]!.toFixed(1)}`).join(', ');
  const lost = last.dropped - first.dropped;
  await relay.stop();
  const bare = (bareBefore + (await aloneTheirs(s, made, against))) / 2;
  const rows: Row[] = [
    {
      what: `${what}, against ${against}${lost > 0 ? ` (${lost} frames dropped)` : ''}`,
      ours: `${mine.toFixed(1)} % of a core (${each})`,
      bare: `${bare.toFixed(1)} %`,
      ratio: mine / bare,
      goal: ratio === undefined ? '' : `≤ ${ratio}`,
      ok: ratio === undefined || mine / bare <= ratio,
    },
  ];
  if (latency) {
    const { p50, p99 } = last.latency;
    rows.push({
      what: `${what}: from decoded to written, p50 and p99`,
      ours: `${p50.toFixed(1)} ms, ${p99.toFixed(1)} ms`,
      goal: '≤ 15 ms, ≤ 40 ms',
      ok: p50 <= 15 && p99 <= 40,
    });
  }
  return rows;
}

/** What can't be measured here is said, not counted as met or missed. */
async function absent(s: Scope, modules: string): Promise<boolean> {
  const { code } = await runOnce(s, pythonPath(), ['-c', `import ${modules}`]);
  if (code !== 0) console.error(`left out: ${pythonPath()} has no ${modules}; pip install av numpy helps`);
  return code !== 0;
}

export async function hooks(s: Scope): Promise<Row[]> {
  const made = await clip({ seconds: 64, size: '1280x720', gop: 1, period: 2 });
  const touch = { module: fixture('touch.ts') };
  const all: Compared[] = [
    {
      hook: await identity(s, 'module'),
      what: '720p25, module',
      ratio: 1.15,
      against: 'ffmpeg',
      latency: true,
    },
    { hook: touch, what: '720p25, module that writes', ratio: 1.15, against: 'ffmpeg', latency: true },
  ];
  if ((await unavailable(s, 'command')) === undefined) {
    all.push({
      hook: await identity(s, 'command'),
      what: '720p25, Python',
      against: 'ffmpeg',
      latency: true,
    });
  }
  all.push({ hook: await identity(s, 'http'), what: '720p25, HTTP', against: 'ffmpeg', latency: true });
  if (!(await absent(s, 'av, numpy'))) {
    all.push({ hook: touch, what: '720p25, module that writes', ratio: 0.75, against: 'PyAV' });
  }
  const rows: Row[] = [];
  for (const one of all) rows.push(...(await compare(s, made, one)));
  return rows;
}
