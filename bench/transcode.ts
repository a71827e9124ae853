/** An XVID film to H.264: `relay transcode` beside the bare ffmpeg with the same settings, in turns. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ffmpegPath } from '../test/e2e/support/binaries.ts';
import { make } from '../test/e2e/support/clips.ts';
import { median } from '../test/e2e/support/measure.ts';
import { runOnce, type Scope } from '../test/e2e/support/process.ts';
import { built } from '../test/support/relay.ts';
import type { Row } from './report.ts';

const rounds = 3;
const seconds = 60;
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

export async function transcode(s: Scope): Promise<Row[]> {
  await built();
  const avi = await film();
  const out = join(s.dir, 'out.mp4');
  const time = async (command: string, args: string[]): Promise<number> => {
    rmSync(out, { force: true });
    const from = performance.now();
    await runOnce(s, command, args, { timeout: 300_000 });
    return (performance.now() - from) / 1000;
  };
  const bare: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < rounds; round++) {
    console.error(`round ${round + 1} of ${rounds}`);
    bare.push(
      await time(ffmpegPath(), [
        '-nostdin',
        '-v',
        'error',
        '-i',
        avi,
        '-c:v',
        'libx264',
        '-c:a',
        'copy',
        out,
      ]),
    );
    ours.push(await time(process.execPath, [cli, 'transcode', avi, out]));
  }
  const ratio = median(bare) / median(ours);
  const text = (times: number[]) =>
    `${median(times).toFixed(2)} s (${(seconds / median(times)).toFixed(1)}x)`;
  return [
    {
      what: `XVID to H.264, ${seconds} s of 640x480, median of ${rounds}; ratio of speeds`,
      ours: text(ours),
      bare: text(bare),
      ratio,
      goal: '≥ 0.95',
      ok: ratio >= 0.95,
    },
  ];
}

function film(): Promise<string> {
  const inputs = [
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=640x480:rate=25',
    '-f',
    'lavfi',
    '-i',
    'sine=frequency=440',
  ];
  const video = ['-t', String(seconds), '-c:v', 'mpeg4', '-vtag', 'XVID', '-q:v', '4', '-bf', '2'];
  return make([...inputs, ...video, '-c:a', 'libmp3lame'], 'avi');
}
