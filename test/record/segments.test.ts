import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Footage } from '../../src/record/footage.ts';
import { digestOfConfig } from '../../src/record/mp4/parameters.ts';
import { Ring } from '../../src/record/ring.ts';
import { openSegments } from '../../src/record/segments.ts';
import type { Entry, RecorderReport } from '../../src/record/types.ts';
import { halfSecond, header } from './mp4/ring-files.ts';

/** Seconds: 12 pictures, the first one a key frame. */
const PART = 0.48;
const START = 1_795_284_500;

for (const wait of [3, 40]) {
  t.test(
    `a segment whose line the disk does not take for ${wait} s: one file, one line, one number`,
    async (t) => {
      const dir = t.testdir({ ring: {}, rec: {} });
      const rec = join(dir, 'rec');
      const reports: RecorderReport[] = [];
      const time = { wall: START, monotonic: 0 };
      const sink = await openSegments(
        { kind: 'segments', dir: rec, every: 2.88, name: '{unix}-{seq}', format: 'fmp4' },
        {
          ...{ route: 'cam', ffmpeg: '/bin/false', digestOf: (_init, track) => digestOfConfig(track) },
          ...{ now: () => time.wall, knownTime: () => time.wall, monotonic: () => time.monotonic },
          ...{ report: (report) => reports.push(report), signal: new AbortController().signal },
        },
      );
      const ring = new Ring(join(dir, 'ring'));
      t.teardown(() => ring.close());
      const footage = new Footage();
      let number = 0;
      const pass = (seconds: number): void => {
        time.wall += seconds;
        time.monotonic += seconds * 1000;
      };
      const flow = async (files: number): Promise<void> => {
        for (const end = number + files; number < end; number++) {
          const at = number * 6 * PART;
          const dts = BigInt(Math.round(at * 1000)) * 1_000_000n;
          const head = header({ number, dts, ntp: BigInt(START) * 1_000_000_000n + dts, duration: 2880 });
          const parts = Array.from({ length: 6 }, (_, n) => halfSecond(n));
          writeFileSync(join(dir, 'ring', `${START + number}-0.mp4`), Buffer.concat([head, ...parts]));
        }
        for (const read of await ring.look()) for (const event of footage.push(read)) sink.push(event);
        pass(files * 6 * PART);
      };
      await flow(2);
      await sink.work();
      const folder = join(rec, '.relay', 'segments', 'cam');
      renameSync(folder, `${folder}-away`);
      writeFileSync(folder, '');
      await flow(1);
      await sink.work();
      t.match(sink.disk, { on: false });
      for (let waited = 0; waited < wait; waited += 3) {
        pass(3);
        await sink.work();
      }
      await flow(1);
      await sink.work();
      rmSync(folder);
      renameSync(`${folder}-away`, folder);
      pass(3);
      await sink.work();
      await flow(2);
      await sink.work();
      const lines = readdirSync(folder)
        .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
        .map((line) => JSON.parse(line) as Entry);
      t.same(
        lines.map((line) => (line.type === 'segment' ? line.seq : line.type)),
        [0, 1, 2, 3, 4],
      );
      const paths = lines.flatMap((line) => (line.type === 'segment' ? line.path : []));
      t.same(
        readdirSync(rec)
          .filter((name) => name.endsWith('.mp4'))
          .sort(),
        paths,
      );
      t.equal(reports.filter(({ type }) => type === 'gap').length, 0);
    },
  );
}
