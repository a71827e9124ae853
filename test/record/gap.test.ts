import t from 'tap';
import {
  absences,
  afterStep,
  beginningOf,
  Causes,
  type Ending,
  endingOf,
  endingOfSegment,
  gapBetween,
  gapOfHole,
} from '../../src/record/gap.ts';
import type { GapEntry } from '../../src/record/types.ts';
import { EPOCH, eventsOf, only, ringOf } from './support.ts';

type Scenes = Parameters<typeof ringOf>[0]['scenes'];

function gaps(scenes: Scenes, causes = new Causes(), late = [0]): GapEntry[] {
  const found: (GapEntry | undefined)[] = [];
  let end: Ending | undefined;
  for (const event of eventsOf([ringOf({ scenes, late })])) {
    if (event.type === 'hole') found.push(gapOfHole(event, causes));
    if (event.type === 'take' && end) found.push(gapBetween(end, beginningOf(event), causes));
    if (event.type === 'end') end = endingOf(event);
  }
  return found.filter((gap) => gap !== undefined);
}

t.test('a publisher that was away', (t) => {
  const scenes = [{ frames: 50 }, { slate: true, frames: 75 }, { frames: 50 }];
  const gap = { from: EPOCH + 2, to: EPOCH + 5, cause: 'publisher', frames: 75 };
  t.match(gaps(scenes), [{ ...gap, reason: 'the publisher was away' }]);
  const causes = new Causes();
  causes.command({ type: 'path', path: 'cam', online: false, at: EPOCH + 2.7, reason: 'killed by SIGKILL' });
  causes.command({ type: 'path', path: 'cam', online: true, at: EPOCH + 4.9 });
  t.match(gaps(scenes, causes), [{ ...gap, reason: 'killed by SIGKILL' }]);
  t.match(gaps(scenes, undefined, [0.3, 0.001]), [{ frames: 75 }], 'the length is that of the timeline');
  t.end();
});

t.test('parameters that change, and a frame of jitter, are no gap', (t) => {
  t.same(gaps([{ frames: 50 }, { frames: 50, parameters: 'other' }]), []);
  t.same(gaps([{ frames: 50 }, { slate: true, frames: 1 }, { frames: 50 }]), []);
  t.match(gaps([{ frames: 50 }, { slate: true, frames: 2 }, { frames: 50 }]), [{ frames: 2 }]);
  t.end();
});

t.test('holes, each once', (t) => {
  t.match(gaps([{ frames: 100, holes: { 49: 20 } }]), [
    { cause: 'lost', frames: 20, from: EPOCH + 2, to: EPOCH + 2.8 },
  ]);
  t.match(gaps([{ frames: 100, holes: { 30: 20 } }]), [{ cause: 'lost', frames: 20 }]);
  t.end();
});

t.test('of several causes: the first, and the deepest of those that came together', (t) => {
  const causes = new Causes();
  causes.begin('publisher', 100.1, 'lost its connection');
  causes.begin('server', 100.6, 'killed by SIGSEGV');
  t.equal(causes.of(100, 110)?.cause, 'server');
  causes.begin('disk-full', 105, 'no space');
  t.equal(causes.of(100, 110)?.cause, 'server');
  causes.end('server', 101);
  causes.end('publisher', 103);
  t.match(causes.of(108, 110), { cause: 'disk-full', reason: 'no space' });
  t.equal(causes.of(50, 60), undefined);
  causes.forget(200);
  t.equal(causes.of(100, 102), undefined);
  t.equal(causes.of(150, 151)?.cause, 'disk-full', 'which lasts');
  t.end();
});

t.test('after a beginning: from what the ledger says last', (t) => {
  const [, take] = only(
    eventsOf([ringOf({ scenes: [{ frames: 10 }, { slate: true, frames: 90 }, { frames: 50 }] })]),
    'take',
  );
  if (!take) throw new Error('no take');
  const causes = new Causes();
  causes.add({ from: EPOCH + 0.4, to: EPOCH + 3.9, cause: 'gateway', reason: 'was not running' });
  const place = { run: 'run', dts: 0, endDts: 36_000, firstPts: 0, lastPts: 32_400, timescale: 90_000 };
  const rest = { path: 'x', seq: 1, frames: 10, bytes: 1, complete: true };
  const entry = { type: 'segment', from: EPOCH, to: EPOCH + 0.4, ...place, ...rest } as const;
  const gap = { from: EPOCH + 0.4, to: EPOCH + 4, frames: 90 };
  const [within, between] = ['run', 'before'].map((run) =>
    gapBetween(endingOfSegment({ ...entry, run }), beginningOf(take), causes),
  );
  t.match(within, { ...gap, cause: 'unknown' }, 'the server ran, and so did the gateway');
  t.match(between, { ...gap, cause: 'gateway', reason: 'was not running' });
  t.end();
});

t.test('who did not run since the ledger ends: the gateway up to its start, then the recorder', (t) => {
  const causesOf = (since: number) =>
    absences(EPOCH, since, EPOCH + 20).map(({ from, to, cause }) => [cause, from - EPOCH, to - EPOCH]);
  t.strictSame(causesOf(EPOCH + 15), [
    ['gateway', 0, 15],
    ['recorder', 15, 20],
  ]);
  t.strictSame(causesOf(EPOCH - 100), [['recorder', 0, 20]]);
  t.strictSame(causesOf(EPOCH + 1000)[0], ['gateway', 0, 20], 'a clock that was set back');
  const causes = new Causes();
  for (const absence of absences(EPOCH, EPOCH + 15, EPOCH + 20)) causes.add(absence);
  t.equal(causes.of(EPOCH, EPOCH + 17)?.cause, 'gateway');
  t.end();
});

t.test('over a step of the clock: as long as it was, by the new clock', (t) => {
  const clock = /; the clock was set meanwhile$/;
  for (const by of [-3600, 3600]) {
    for (const [run, wall] of [
      ['run', EPOCH + 7],
      ['next', EPOCH + by + 7],
    ] as const) {
      const causes = new Causes();
      causes.begin('server', EPOCH + 2.2, 'killed by SIGKILL');
      causes.step(by);
      const end = {
        run: 'run',
        dts: 2 * 90_000,
        timescale: 90_000,
        wall: EPOCH + 2,
        frame: 0.04,
        why: 'run',
      } as const;
      const begin = { run, dts: 7 * 90_000, timescale: 90_000, wall };
      const gap = { from: EPOCH + by + 2, to: EPOCH + by + 7, cause: 'server', reason: clock, frames: 125 };
      t.match(gapBetween(afterStep(end, by), begin, causes), gap, `${run} ${by}`);
    }
  }
  t.end();
});

t.test(
  'a clock that was set back while nobody looked: a gap of unknown length, none of less than nothing',
  (t) => {
    const end = { run: 'run', dts: 0, timescale: 90_000, wall: EPOCH, frame: 0.04, why: 'end' } as const;
    const begin = { ...end, run: 'next', wall: EPOCH - 3500 };
    const gap = gapBetween(end, begin, new Causes());
    t.match(gap, {
      from: EPOCH,
      to: EPOCH,
      cause: 'unknown',
      reason: 'nothing was recorded; the clock was set meanwhile',
    });
    t.notOk(gap && 'frames' in gap);
    t.equal(
      gapBetween(end, { ...begin, wall: EPOCH - 0.5 }, new Causes()),
      undefined,
      'a guess that differs a little',
    );
    t.end();
  },
);
