/** A sink that fails, or comes late, with a fake one in it. */
import t from 'tap';
import { Attempts } from '../../src/record/attempts.ts';
import type { FootageEvent } from '../../src/record/footage.ts';
import { Causes } from '../../src/record/gap.ts';
import { GuardedSink } from '../../src/record/guarded-sink.ts';
import type { RunningSink } from '../../src/record/sink.ts';
import type { RecorderReport } from '../../src/record/types.ts';
import { counters, EPOCH, eventsOf, only, ringOf } from './support.ts';

function rig(change: Partial<RunningSink> = {}) {
  const heard: FootageEvent[] = [];
  const reports: RecorderReport[] = [];
  const clock = { ms: 0 };
  const host = {
    ...{ route: 'cam', monotonic: () => clock.ms, now: () => EPOCH },
    report: (report: RecorderReport) => void reports.push(report),
  };
  const sink: RunningSink = {
    push: (event) => void heard.push(event),
    work: async () => {},
    finish: async () => {},
    ...{ oldest: undefined, disk: { on: true }, figures: { bytes: 0, free: 0 } },
    ...change,
  };
  let opens = true;
  const open = async () => {
    if (!opens) throw new Error('no such disk');
    return sink;
  };
  const [attempts, causes] = [new Attempts(host), new Causes()];
  const guarded = new GuardedSink({ place: '/rec', open, host, attempts, since: EPOCH, causes });
  return {
    ...{ guarded, heard, clock },
    broken: (now: boolean) => {
      opens = !now;
    },
    said: () => reports.splice(0).flatMap((report) => (report.type === 'log' ? report.message : [])),
  };
}

t.test('what goes wrong in it is said once as long as it lasts, and is nobody else’s trouble', async (t) => {
  const fail = () => {
    throw new Error('what now');
  };
  const { guarded, clock, said } = rig({ work: async () => fail(), push: fail, gap: fail, close: fail });
  await guarded.open();
  for (let n = 0; n < 100; n++) {
    clock.ms += 500;
    await guarded.work();
  }
  const scenes = [{ frames: 30 }, { slate: true, frames: 30 }, { frames: 30 }];
  for (const event of eventsOf([ringOf({ scenes })])) guarded.push(event);
  await guarded.close();
  await guarded.finish();
  t.strictSame(said(), ['/rec: what now']);
  clock.ms += 20_000;
  await guarded.work();
  t.equal(said().length, 1, 'it came back');
});

t.test('one that could be opened hears everything', async (t) => {
  const { guarded, heard } = rig();
  await guarded.open();
  const events = eventsOf([ringOf({ scenes: [{ slate: true, frames: 25 }, { frames: 30 }], skew: 0.2 })]);
  for (const event of events) guarded.push(event);
  t.strictSame(heard, events);
});

for (const [where, scenes] of [
  ['in the middle of a take', [{ frames: 120 }]],
  ['while the publisher is away', [{ frames: 30 }, { slate: true, frames: 50 }, { frames: 75 }]],
] as const) {
  t.test(`one that is opened late, ${where}: from the next key frame on`, async (t) => {
    const { guarded, heard, broken } = rig();
    const ring = ringOf({ scenes: [...scenes], skew: 0.1 });
    const events = eventsOf([ring]);
    broken(true);
    await t.rejects(guarded.open(), { message: 'no such disk' });
    const half = events.findIndex(
      (event) => event.type === 'sample' && event.sample.offset === 30 && event.sample.track === 1,
    );
    for (const event of events.slice(0, half + 1)) guarded.push(event);
    broken(false);
    await guarded.open();
    for (const event of events.slice(half + 1)) guarded.push(event);
    const pictures = counters(only(heard, 'sample').map(({ sample }) => sample));
    // Key frames: each 25th picture of a scene.
    const first = where.startsWith('in') ? 51 : 31;
    t.strictSame(pictures, ring.footage.slice(first - 1));
    t.equal(heard[0]?.type, 'init');
    t.strictSame(
      heard.flatMap(({ type }) => (type === 'init' || type === 'sample' ? [] : type)),
      ['take', 'end'],
    );
    const [begin] = only(heard, 'take');
    const key = only(heard, 'sample').find(({ sample }) => sample.track === 1)?.sample;
    t.match(key, { key: true, dts: begin?.dts, pts: begin?.pts });
  });
}
