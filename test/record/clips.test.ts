import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { MOST_WINDOWS } from '../../src/record/clip-windows.ts';
import { openClips } from '../../src/record/clips.ts';
import { Footage } from '../../src/record/footage.ts';
import { Ring } from '../../src/record/ring.ts';
import type { ClipsSpec, RecorderReport } from '../../src/record/types.ts';
import { halfSecond, header } from './mp4/ring-files.ts';

/** Seconds: 12 pictures, the first one a key frame. */
const PART = 0.48;
const START = 1_795_284_500;

async function rig(t: Test, change: Partial<ClipsSpec> = {}) {
  const dir = t.testdir({ ring: {}, rec: {} });
  const reports: RecorderReport[] = [];
  const time = { wall: START, known: START, monotonic: 0, over: false };
  const spec: ClipsSpec = {
    ...{ kind: 'clips', dir: join(dir, 'rec'), on: [], before: 1, after: 1 },
    ...{ atMostEvery: 0, overlap: 'merge', longest: 60, ...change },
  };
  const sink = await openClips(spec, {
    ...{ route: 'cam', ffmpeg: '/bin/false', digestOf: () => undefined },
    ...{ now: () => time.wall, knownTime: () => time.known, monotonic: () => time.monotonic },
    noMore: () => time.over,
    ...{ report: (report) => reports.push(report), signal: new AbortController().signal },
  });
  const ring = new Ring(join(dir, 'ring'));
  t.teardown(() => ring.close());
  const footage = new Footage();
  let number = 0;
  /** The server writes two files, 2.88 s each, of the take that goes on; nothing is left that was not looked at. */
  const flow = async () => {
    for (const end = number + 2; number < end; number++) {
      const at = number * 6 * PART;
      const dts = BigInt(Math.round(at * 1000)) * 1_000_000n;
      const parts = Array.from({ length: 6 }, (_, n) => halfSecond(n));
      const head = header({ number, dts, ntp: BigInt(START) * 1_000_000_000n + dts, duration: 2880 });
      writeFileSync(join(dir, 'ring', `${START + number}-0.mp4`), Buffer.concat([head, ...parts]));
    }
    for (const read of await ring.look()) for (const event of footage.push(read)) sink.push(event);
    pass(2 * 6 * PART);
  };
  const pass = (seconds: number) => {
    time.wall += seconds;
    time.known += seconds;
    time.monotonic += seconds * 1000;
  };
  const clips = () => reports.filter((report) => report.type === 'clip');
  return { dir: join(dir, 'rec'), sink, time, flow, pass, reports, clips };
}

for (const by of [-3600, 3600]) {
  t.test(`a clock that is set by ${by} s, and an event before the recorder noticed`, async (t) => {
    const { dir, sink, time, flow, reports, clips } = await rig(t, { atMostEvery: 4 });
    await flow();
    await sink.work();
    sink.event?.({ name: 'before', at: START + 5 });
    time.wall += by;
    sink.event?.({ name: 'after', at: time.wall });
    await sink.work();
    t.same(clips(), [], 'nothing is cut for being late');
    time.known = time.wall;
    await sink.step?.(time.wall, by);
    sink.event?.({ name: 'after', at: time.wall + 0.1 });
    await flow();
    await sink.work();
    t.match(clips(), [{ event: 'before' }]);
    const story = readdirSync(dir).find((name) => name.endsWith('.json')) ?? '';
    t.match(JSON.parse(readFileSync(join(dir, story), 'utf8')), {
      at: START + by + 5,
      from: START + by + 3.84,
      events: [{ name: 'before' }, { name: 'after', at: START + by + 5.76 }],
    });
    t.notOk(reports.some((report) => report.type === 'log' && /nothing was recorded/.test(report.message)));
    const first = sink.oldest?.file;
    for (let n = 0; n < 4; n++) await flow();
    await sink.work();
    t.ok(first && sink.oldest && sink.oldest.file > first, 'the ring is let go as ever');
  });
}

t.test('a clip whose line the disk did not take is not made again', async (t) => {
  const { dir, sink, flow, pass, clips } = await rig(t);
  await flow();
  sink.event?.({ name: 'person', at: START + 3 });
  await sink.work();
  sink.event?.({ name: 'car', at: START + 5.5 });
  await sink.work();
  const folder = join(dir, '.relay', 'clips', 'cam');
  renameSync(folder, `${folder}-away`);
  writeFileSync(folder, '');
  await flow();
  await sink.work();
  t.match(sink.disk, { on: false });
  rmSync(folder);
  renameSync(`${folder}-away`, folder);
  pass(3);
  await sink.work();
  await sink.work();
  t.match(clips(), [{ event: 'person' }, { event: 'car' }]);
  t.equal(readdirSync(dir).filter((name) => name.endsWith('.mp4')).length, 2);
  const lines = readdirSync(folder)
    .filter((name) => name.startsWith('ledger'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as { seq: number });
  t.same(
    lines.map(({ seq }) => seq),
    [0, 1],
  );
});

t.test('events without end: some clips, and one word about the rest', async (t) => {
  const { sink, flow, pass, reports } = await rig(t, { overlap: 'split' });
  await flow();
  for (let n = 0; n < 500; n++) sink.event?.({ name: 'busy', at: START + 9 });
  const words = () => reports.flatMap((report) => (report.type === 'log' ? report.message : []));
  t.equal(words().length, 1);
  t.match(words()[0], /^events that are in no clip: 1\. /);
  pass(700);
  sink.event?.({ name: 'busy', at: START + 9 });
  t.match(words()[1], new RegExp(`^events that are in no clip: ${500 - MOST_WINDOWS}\\. `));
});

t.test('a publisher that went in the middle of a clip is not waited for', async (t) => {
  const { sink, time, flow, pass, clips } = await rig(t, { after: 3 });
  await flow();
  sink.event?.({ name: 'person', at: time.wall - 1 });
  pass(8);
  await sink.work();
  t.equal(clips().length, 0, 'it may have fallen silent');
  time.over = true;
  await sink.work();
  t.equal(clips().length, 1);
});
