/** An hour of picture and sound, the longest segment that there can be: 90,000 pictures and 169,000 packets of sound. */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { type Cut, Cutter } from '../../src/record/cut.ts';
import { Footage } from '../../src/record/footage.ts';
import { parseInit } from '../../src/record/mp4/init.ts';
import { RingFile } from '../../src/record/mp4/reader.ts';
import { Timeline } from '../../src/record/mp4/timeline.ts';
import { writeFragmented } from '../../src/record/mp4/writer.ts';
import type { Init, RingRead, Sample } from '../../src/record/types.ts';
import { header, SOUND, VIDEO } from './mp4/ring-files.ts';
import { FRAME, PACKET } from './support.ts';

const HOUR = 3600;
const SIZE = 16;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}

/** 4 s at a time, one track after the other as in a file of the ring. */
function* reads(file: string, init: Init): Generator<RingRead> {
  let [sounds, offset] = [0, 0];
  const sample = (track: number, dts: number, duration: number, key: boolean): Sample => {
    offset += SIZE;
    return { track, dts, pts: dts, duration, key, file, offset: offset - SIZE, size: SIZE };
  };
  for (let at = 0; at < HOUR + 8; at += 4) {
    const samples = Array.from({ length: 100 }, (_, n) =>
      sample(VIDEO, (at * 25 + n) * FRAME, FRAME, n % 50 === 0),
    );
    for (; (sounds * PACKET) / 48_000 < at + 4; sounds++)
      samples.push(sample(SOUND, sounds * PACKET, PACKET, true));
    yield {
      file,
      init: { ...init, number: at / 4, dts: BigInt(at) * 1_000_000_000n },
      samples,
      ended: 'closed',
    };
  }
}

t.test('an hour is cut and written in little memory', async (t) => {
  const dir = t.testdir();
  const source = join(dir, 'packets');
  await writeFile(source, Buffer.alloc(300_000 * SIZE));
  const init = parseInit(header())!;
  const before = heap();
  const [footage, cutter] = [new Footage(), new Cutter({ every: HOUR, digestOf: () => undefined })];
  const cuts: Cut[] = [];
  for (const read of reads(source, init))
    for (const event of footage.push(read)) cuts.push(...cutter.push(event));
  t.equal(cuts.length, 1);
  const [cut] = cuts as [Cut];
  t.equal(cut.frames, 90_000);
  t.equal(cut.samples.length, 90_000 + 168_750);
  const held = heap() - before;
  t.ok(held < 80, `${held.toFixed()} MB are held of an hour`);

  const out = join(dir, 'out.mp4');
  const handle = await open(out, 'w');
  let most = 0;
  const look = setInterval(() => {
    most = Math.max(most, process.memoryUsage().heapUsed / 1e6 - before);
  }, 5);
  const { frames } = await writeFragmented(handle, {
    init: cut.init,
    samples: cut.samples,
    origin: 0,
    meta: {},
  });
  clearInterval(look);
  await handle.close();
  t.equal(frames, 90_000);
  t.ok(most > 0 && most < 250, `${most.toFixed()} MB while it is written`);

  const back = new RingFile(out);
  await back.begin();
  const { samples, whole } = await back.read(new Timeline());
  await back.close();
  t.ok(whole);
  t.equal(samples.length, cut.samples.length);
  t.equal(samples.findLast(({ track }) => track === VIDEO)?.dts, 89_999 * FRAME);
});

t.test('an hour of sound after a single picture', async (t) => {
  const dir = t.testdir();
  const source = join(dir, 'packets');
  await writeFile(source, Buffer.alloc(300_000 * SIZE));
  const init = parseInit(header())!;
  const all = [...reads(source, init)].flatMap(({ samples }) => samples);
  const samples = [all[0]!, ...all.filter(({ track }) => track === SOUND)];
  const handle = await open(join(dir, 'out.mp4'), 'w');
  t.teardown(() => handle.close());
  t.match(await writeFragmented(handle, { init, samples, origin: 0, meta: {} }), { frames: 1 });
});
