/** Snapshots of key frames of a 1080p stream beside a process that decodes every frame for the same pictures, at the same time. */
import { join } from 'node:path';
import { ffmpegPath } from '../test/e2e/support/binaries.ts';
import { make } from '../test/e2e/support/clips.ts';
import { usageOf } from '../test/e2e/support/proc.ts';
import type { Scope } from '../test/e2e/support/process.ts';
import { startRelay } from '../test/e2e/support/relay.ts';
import { pause, type Row } from './report.ts';

const seconds = Number(process.env['RELAY_BENCH_SECONDS'] ?? 60);

export async function snapshots(s: Scope): Promise<Row[]> {
  const file = await film();
  const sink = (name: string, every: unknown) => ({ snapshots: { dir: join(s.dir, name), every } });
  const relay = await startRelay(s, {
    sources: { cam: { file, loop: true } },
    routes: { cam: { from: 'cam', to: ['cam', sink('keys', 'keyframes'), sink('ten', '10s')] } },
  });
  await relay.online('cam');
  // The same pictures as people take them: all frames are decoded, on as many threads as ffmpeg likes.
  const input = ['-nostdin', '-v', 'error', '-rtsp_transport', 'tcp', '-i', relay.rtsp('cam'), '-an'];
  const output = [
    '-filter:v',
    'select=key',
    '-fps_mode',
    'passthrough',
    '-q:v',
    '8',
    join(s.dir, 'bare-%06d.jpg'),
  ];
  const decoder = s.spawn(ffmpegPath(), [...input, ...output], { name: 'decoder' });
  await pause(8, 'settling');
  const pids = [await relay.pidOf('snapshots:cam'), await relay.pidOf('snapshots:cam:2'), decoder.pid];
  const used = () => pids.map((pid) => usageOf(pid).cpuSeconds);
  const [before, from] = [used(), performance.now()];
  await pause(seconds, 'measuring snapshots and a decoder');
  const lasted = (performance.now() - from) / 1000;
  const [keys, ten, all] = used().map((cpu, at) => ((cpu - before[at]!) / lasted) * 100) as [
    number,
    number,
    number,
  ];
  const row = (what: string, cost: number): Row => ({
    what,
    ours: `${cost.toFixed(2)} % of a core`,
    bare: `${all.toFixed(2)} % of a core`,
    ratio: cost / all,
    goal: '≤ 0.15',
    ok: cost / all <= 0.15,
  });
  return [
    row('snapshots of each key frame (2 s apart) of 1080p25 against decoding every frame', keys),
    row('snapshots each 10 s, the same', ten),
  ];
}

/** Moving, and with the noise of a real camera: 4 Mbit/s. */
function film(): Promise<string> {
  const picture = 'testsrc2=size=1920x1080:rate=25,noise=alls=8:allf=t';
  const video = ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '4M', '-maxrate', '4M', '-bufsize', '4M'];
  const rest = ['-pix_fmt', 'yuv420p', '-bf', '0', '-g', '50', '-sc_threshold', '0'];
  return make(['-f', 'lavfi', '-i', picture, '-t', '20', ...video, ...rest], 'mp4');
}
