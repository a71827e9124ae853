/** Memory of a hooked route over 10,000 frames: worker and the process of the hook, a sample each 1,000 frames. */
import { clip } from '../test/e2e/support/clips.ts';
import { answering, figuresOf, fixture } from '../test/e2e/support/hooks.ts';
import { descendants, usageOf } from '../test/e2e/support/proc.ts';
import { type Scope, until } from '../test/e2e/support/process.ts';
import { startRelay } from '../test/e2e/support/relay.ts';
import type { Row } from './report.ts';

const frames = Number(process.env['RELAY_SOAK_FRAMES'] ?? 10_000);
const step = frames / 10;

/** What grows in the first tenth are caches and pools that fill. */
const settled = 2;

export async function hookMemory(s: Scope): Promise<Row[]> {
  const made = await clip({ seconds: 64, size: '1280x720', gop: 1 });
  const relay = await startRelay(s, {
    sources: { cam: { file: made.file, loop: true } },
    routes: { cam: { from: 'cam', hook: { module: fixture('touch.ts') } } },
  });
  await answering(relay, 'cam');
  const pid = await relay.pidOf('hook:cam');
  const samples: number[] = [];
  for (let mark = step; mark <= frames + step; mark += step) {
    await until(async () => (await figuresOf(relay, 'cam')).out >= mark, {
      timeout: (step / 25) * 2000 + 60_000,
      every: 500,
      what: `${mark} frames`,
    });
    const all = [pid, ...descendants(pid)].map((one) => usageOf(one).rssBytes / 2 ** 20);
    samples.push(all.reduce((sum, one) => sum + one, 0));
    console.error(`${mark} frames: ${all.map((one) => one.toFixed(1)).join(' + ')} MB`);
  }
  await relay.stop();
  const [first, last] = [samples[settled]!, samples.at(-1)!];
  const slope = ((last - first) / (samples.length - 1 - settled)) * 10;
  const most = Math.max(...samples);
  return [
    {
      what: `memory of worker and hook after ${frames} frames of 720p`,
      ours: `${most.toFixed(0)} MB`,
      goal: '≤ 250 MB',
      ok: most <= 250,
    },
    {
      what: `its growth in ${frames} frames`,
      ours: `${slope.toFixed(1)} MB`,
      goal: '< 1 MB',
      ok: slope < 1,
    },
  ];
}
