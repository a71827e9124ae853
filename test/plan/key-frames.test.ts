/** Where ffmpeg really puts key frames when it is given the arguments of a plan. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import type { VideoSetting } from '../../src/config/config.ts';
import type { VideoEncode } from '../../src/plan/codecs.ts';
import { videoArgs } from '../../src/plan/encode.ts';
import { h264 } from '../support/facts.ts';

t.setTimeout(60_000);

/** Times of the key frames, from the first picture on. @param filter of the generated pictures */
function keys(
  settings: Partial<Extract<VideoSetting, { mode: 'encode' }>>,
  rate: string,
  filter: string,
): number[] {
  const encode: VideoEncode = { mode: 'encode', codec: 'h264', gop: 2, ...settings };
  const decision = { do: 'encode', codec: encode.codec, settings: encode, why: '' } as const;
  const input = ['-copyts', '-f', 'lavfi', '-i', `color=gray:size=96x64:rate=${rate},${filter}`, '-t', '20'];
  const video = videoArgs(decision, { ...h264, frameRate: rate });
  const run = (program: string, args: string[], data?: Buffer) =>
    execFileSync(program, ['-v', 'error', ...args], {
      input: data,
      maxBuffer: 1 << 26,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  const stream = run('ffmpeg', [...input, ...(video as string[]), '-threads', '1', '-f', 'nut', '-']);
  const shown = run('ffprobe', ['-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0', '-'], stream);
  const packets = shown
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const first = Number(packets[0]![0]);
  return packets.flatMap(([time, flags]) =>
    flags!.startsWith('K') ? [Math.round((Number(time) - first) * 1000) / 1000] : [],
  );
}

for (const codec of ['h264', 'hevc'] as const) {
  t.test(
    `${codec}: the grid begins with the first picture, whatever its time, and does not drift`,
    async (t) => {
      t.strictSame(
        keys({ codec, gop: 5 / 3 }, '25/1', 'setpts=PTS+0.52/TB'),
        [0, 1.68, 3.32, 5, 6.68, 8.32, 10, 11.68, 13.32, 15, 16.68, 18.32],
      );
    },
  );
}

t.test('a rate of no whole frames', async (t) => {
  const found = keys({ gop: 150 / 29.97 / 3 }, '30000/1001', 'setpts=PTS+7/TB');
  t.strictSame(found.slice(0, 7), [0, 1.668, 3.337, 5.005, 6.673, 8.342, 10.01]);
});

t.test('after a hole the grid goes on, without a burst', async (t) => {
  // Nothing between 4 s and 9.2 s.
  const found = keys({ gop: 1 }, '25/1', "select='lt(t\\,4)+gte(t\\,9.2)'");
  t.strictSame(found.slice(0, 8), [0, 1, 2, 3, 9.2, 10, 11, 12]);
});

t.test('pictures whose times tremble', async (t) => {
  // Up to 8 ms to each side.
  const found = keys({ gop: 1 }, '25/1', "settb=1/1000,setpts='PTS+100+8*sin(N)'");
  t.equal(found.length, 20);
  for (const [index, time] of found.entries()) t.ok(Math.abs(time - index) < 0.02, `${index}: ${time}`);
});
