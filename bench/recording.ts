/**
 * Five-second segments: ours beside OpenCV that opens the stream anew for each file, beside `ffmpeg -f segment` and beside
 * the media server's own recorder, all of the same source: frames lost at the joints, distance of the files, how far names
 * are from their first frame (as readers of the same server had it), and what recording costs.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ffmpegPath, pythonPath } from '../test/e2e/support/binaries.ts';
import { type Clip, clip } from '../test/e2e/support/clips.ts';
import { type Life, startReturning, timeOf } from '../test/e2e/support/frame-times.ts';
import { publishFile, startMediaServer } from '../test/e2e/support/mediamtx.ts';
import { usageOf, usageWithChildren } from '../test/e2e/support/proc.ts';
import { runOnce, type Scope } from '../test/e2e/support/process.ts';
import { decodeFile, segmentsOf, visible } from '../test/e2e/support/recordings.ts';
import { type Relay, startRelay } from '../test/e2e/support/relay.ts';
import { pause, type Row } from './report.ts';

const every = 5;
const fps = 25;
const seconds = Number(process.env['RELAY_BENCH_SECONDS'] ?? 60);

/** Files of one way of recording, in their order. */
interface Way {
  name: string;
  /** Absolute. */
  files(): string[];
  /** Unix seconds that the name of a file says. */
  time(file: string): number;
}

interface Joints {
  lost: number[];
  steps: number[];
  /** Seconds between a name and its first frame. */
  names: number[];
}

const sorted = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(mp4|ts)$/.test(name) && !name.includes('.part.'))
    .sort()
    .map((name) => join(dir, name));

const leading = (file: string): number => Number(/^\d+(\.\d+)?/.exec(basename(file))?.[0]);

async function judge(s: Scope, way: Way, made: Clip, life: Life): Promise<Joints> {
  const loop = made.frames;
  const ends: { first: number; last: number; file: string }[] = [];
  // The last is being written.
  for (const file of way.files().slice(0, -1)) {
    const numbers = (await decodeFile(s, file, 'video')).pictures.flatMap(({ counter }) => counter ?? []);
    ends.push({ first: numbers[0]!, last: numbers.at(-1)!, file });
  }
  const step = (from: number, to: number): number => (to - from + loop) % loop;
  const pairs = ends.slice(1).map((end, index) => [ends[index]!, end] as const);
  return {
    lost: pairs.map(([before, next]) => {
      const missing = step(before.last, next.first) - 1;
      return missing > loop / 2 ? missing - loop : missing;
    }),
    steps: pairs.map(([before, next]) => step(before.first, next.first) / fps),
    names: ends.map(({ first, file }) => {
      const time = way.time(file);
      return time - timeOf(life, first, time, loop, fps);
    }),
  };
}

const range = (values: number[], digits: number): string => {
  const all = [...values].sort((a, b) => a - b);
  if (all.length === 0) return 'none';
  const [least, middle, most] = [all[0]!, all[all.length >> 1]!, all.at(-1)!].map((one) =>
    one.toFixed(digits),
  );
  return least === most ? `${middle}` : `${middle} (${least} to ${most})`;
};

/** Everybody records the same stream at the same time. */
async function joints(s: Scope, gop: 1 | 4): Promise<Row[]> {
  const made = await clip({ seconds: 64, period: 2, gop });
  const dir = (name: string): string => {
    const path = join(s.dir, `gop-${gop}`, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const server = await startMediaServer(s, {
    settings: {
      pathDefaults: {
        record: true,
        recordPath: join(dir('server'), '%path-%s.%f'),
        recordSegmentDuration: `${every}s`,
      },
    },
  });
  publishFile(s, made.file, { server, path: 'cam', by: 'rtmp' });
  await server.online('cam');
  const reader = startReturning(s, server.rtmp('cam'), made.frames, fps);
  const relay = await startRelay(s, {
    sources: { cam: server.rtsp('cam') },
    routes: { cam: { from: 'cam', to: ['cam', { segments: { dir: dir('ours'), every: `${every}s` } }] } },
  });
  s.spawn(
    ffmpegPath(),
    [
      ...['-nostdin', '-loglevel', 'error', '-rtsp_transport', 'tcp', '-i', server.rtsp('cam'), '-c', 'copy'],
      ...['-f', 'segment', '-segment_time', `${every}`, '-reset_timestamps', '1', '-strftime', '1'],
      join(dir('segment'), '%s.mp4'),
    ],
    { name: 'ffmpeg -f segment' },
  );
  const ways: Way[] = [
    { name: 'ffmpeg', files: () => sorted(dir('segment')), time: leading },
    {
      name: 'server',
      files: () => sorted(dir('server')),
      time: (file) => Number(/cam-(\d+\.\d+)/.exec(file)?.[1]),
    },
  ];
  const { code } = await runOnce(s, pythonPath(), ['-c', 'import cv2']);
  if (code === 0) {
    const script = fileURLToPath(new URL('./opencv-record.py', import.meta.url));
    s.spawn(pythonPath(), [script, server.rtsp('cam'), dir('opencv'), `${every}`], { name: 'opencv' });
    ways.unshift({ name: 'OpenCV', files: () => sorted(dir('opencv')), time: leading });
  } else console.error('left out: OpenCV is not there');
  await relay.online('cam');
  const ourReader = startReturning(s, relay.rtmp('cam'), made.frames, fps);
  await pause(Math.max(seconds, 40), `recording, key frames ${gop} s apart`);

  const life = reader.lives()[0]!;
  const ours = await judge(
    s,
    {
      name: 'ours',
      files: () => [...segmentsOf(dir('ours'), 'cam').map(({ path }) => join(dir('ours'), path)), ''],
      time: leading,
    },
    made,
    ourReader.lives()[0]!,
  );
  const theirs: [string, Joints][] = [];
  for (const way of ways) theirs.push([way.name, await judge(s, way, made, life)]);
  if (visible(dir('ours')).length !== segmentsOf(dir('ours'), 'cam').length)
    throw new Error('a file is not listed');
  const each = (value: (joints: Joints) => string): string =>
    theirs.map(([name, seen]) => `${name} ${value(seen)}`).join(', ');
  const what = `key frames ${gop} s apart`;
  const step = Math.ceil(every / gop) * gop;
  const worst = Math.max(...ours.names.map(Math.abs));
  return [
    {
      what: `${what}: frames lost at each joint (${ours.lost.length} joints)`,
      ours: range(ours.lost, 0),
      bare: each(({ lost }) => range(lost, 0)),
      goal: '0',
      ok: ours.lost.length > 3 && ours.lost.every((lost) => lost === 0),
    },
    {
      what: `${what}: seconds from file to file`,
      ours: range(ours.steps, 3),
      bare: each(({ steps }) => range(steps, 2)),
      goal: `${step} ± 0.04`,
      ok: ours.steps.every((one) => Math.abs(one - step) <= 0.04),
    },
    {
      what: `${what}: name minus first frame, ms`,
      ours: range(
        ours.names.map((one) => one * 1000),
        0,
      ),
      bare: each(({ names }) =>
        range(
          names.map((one) => one * 1000),
          0,
        ),
      ),
      goal: '± 50',
      ok: worst <= 0.05,
    },
  ];
}

const routes = 4;

/** Gateway, server and recorder of four 720p routes, with and without recording, at the same time. */
async function cost(s: Scope): Promise<Row> {
  const made = await clip({ seconds: 64, size: '1280x720', period: 2, gop: 1 });
  const names = Array.from({ length: routes }, (_, index) => `cam${index}`);
  const start = (recording: boolean): Promise<Relay> =>
    startRelay(s, {
      sources: Object.fromEntries(names.map((name) => [name, { file: made.file, loop: true }])),
      routes: Object.fromEntries(
        names.map((name) => {
          const segments = { segments: { dir: join(s.dir, 'cost', name), every: `${every}s` } };
          return [name, { from: name, to: [name, ...(recording ? [segments] : [])] }];
        }),
      ),
    });
  const bareServer = (record: boolean) =>
    startMediaServer(s, {
      settings: {
        pathDefaults: {
          record,
          recordPath: join(s.dir, 'cost', 'bare', '%path', '%s-%f'),
          recordSegmentDuration: `${every}s`,
        },
      },
    });
  const relays = [await start(true), await start(false)];
  const servers = [await bareServer(true), await bareServer(false)];
  for (const server of servers) {
    for (const path of names) publishFile(s, made.file, { server, path, by: 'srt' });
  }
  for (const relay of relays) await Promise.all(names.map((name) => relay.online(name)));
  for (const server of servers) await Promise.all(names.map((name) => server.online(name)));

  /** Gateway alone, server, recorder. The ffmpeg processes of the sources are the same in both. */
  const usedBy = async (relay: Relay): Promise<number[]> => {
    const { pid, units } = await relay.status();
    const of = (kind: string): number => {
      const unit = units.find((one) => one.kind === kind);
      return unit?.pid === undefined ? 0 : usageWithChildren(unit.pid);
    };
    return [usageOf(pid).cpuSeconds, of('server'), of('recorder')];
  };
  const used = async (): Promise<number[]> => [
    ...(await Promise.all(relays.map(usedBy))).flat(),
    ...servers.map((server) => usageWithChildren(server.child().pid)),
  ];
  await pause(10, 'settling');
  const [from, before] = [performance.now(), await used()];
  await pause(seconds, `measuring ${routes} recorded routes, ${routes} that are not, and bare servers`);
  const [after, lasted] = [await used(), (performance.now() - from) / 1000];
  const shares = after.map((sum, index) => ((sum - before[index]!) / lasted / routes) * 100);
  const [gateway, server, recorder] = [0, 1, 2].map((part) => shares[part]! - shares[part + 3]!) as [
    number,
    number,
    number,
  ];
  const costs = gateway + server + recorder;
  const parts = [
    `server ${server.toFixed(2)}`,
    `recorder ${recorder.toFixed(2)}`,
    `gateway ${gateway.toFixed(2)}`,
  ];
  return {
    what: `recording a 720p stream (mean of ${routes})`,
    ours: `${costs.toFixed(2)} % of a core (${parts.join(', ')})`,
    bare: `server ${(shares[6]! - shares[7]!).toFixed(2)} %`,
    goal: '≤ 1 %',
    ok: costs <= 1,
  };
}

export async function recording(s: Scope): Promise<Row[]> {
  return [...(await joints(s, 1)), ...(await joints(s, 4)), await cost(s)];
}
