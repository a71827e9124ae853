/**
 * Twenty looped files: what the gateway's own process costs, and what each of its ffmpeg processes costs
 * against the bare command that a person would type, all running at the same time.
 */
import { clip } from '../test/e2e/support/clips.ts';
import { publishFile, startMediaServer } from '../test/e2e/support/mediamtx.ts';
import { usageOf } from '../test/e2e/support/proc.ts';
import type { Scope } from '../test/e2e/support/process.ts';
import { startRelay } from '../test/e2e/support/relay.ts';
import { pause, type Row } from './report.ts';

const routes = 20;
const seconds = Number(process.env['RELAY_BENCH_SECONDS'] ?? 60);

export async function copyRoutes(s: Scope): Promise<Row[]> {
  const made = await clip({ seconds: 60, size: '1280x720', gop: 1 });
  const names = Array.from({ length: routes }, (_, index) => `cam${index}`);
  const each = <T>(value: (name: string) => T) =>
    Object.fromEntries(names.map((name) => [name, value(name)]));

  const relay = await startRelay(s, {
    sources: each(() => ({ file: made.file, loop: true })),
    routes: each((name) => name),
  });
  await Promise.all(names.map((name) => relay.online(name)));
  const bareServer = await startMediaServer(s);
  const bare = names.map((path) => publishFile(s, made.file, { server: bareServer, path, by: 'srt' }));
  await Promise.all(names.map((name) => bareServer.online(name)));

  const status = await relay.status();
  const ours = status.units.filter((unit) => unit.kind === 'ffmpeg').map((unit) => unit.pid!);
  const theirs = bare.map((child) => child.pid);
  // The first seconds are start-up; what runs for months is what counts.
  await pause(10, 'settling');
  const before = sums([status.pid], ours, theirs);
  const from = performance.now();
  await pause(seconds, `measuring ${routes} routes and ${routes} bare commands`);
  const lasted = (performance.now() - from) / 1000;
  const after = sums([status.pid], ours, theirs);
  const [gateway, route, command] = after.map((sum, index) => ((sum - before[index]!) / lasted) * 100) as [
    number,
    number,
    number,
  ];
  const megabytes = usageOf(status.pid).rssBytes / 2 ** 20;
  return [
    {
      what: `gateway process, ${routes} looped 720p routes`,
      ours: `${gateway.toFixed(2)} % of a core`,
      goal: '≤ 3 %',
      ok: gateway <= 3,
    },
    {
      what: 'memory of the gateway process',
      ours: `${megabytes.toFixed(0)} MB`,
      goal: '≤ 120 MB',
      ok: megabytes <= 120,
    },
    {
      what: 'ffmpeg of a copy route against the bare command',
      ours: `${(route / routes).toFixed(3)} % of a core`,
      bare: `${(command / routes).toFixed(3)} % of a core`,
      ratio: route / command,
      goal: '≤ 1.05',
      ok: route / command <= 1.05,
    },
  ];
}

function sums(...groups: number[][]): number[] {
  return groups.map((pids) => pids.reduce((sum, pid) => sum + usageOf(pid).cpuSeconds, 0));
}
