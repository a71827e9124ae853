/** What is missing in a ledger, also when a recorder begins again and the ring holds more than is new. */
import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Continuity } from '../../src/record/continuity.ts';
import { type Cut, Cutter } from '../../src/record/cut.ts';
import type { Earlier } from '../../src/record/earlier.ts';
import { Footage, type FootageEvent } from '../../src/record/footage.ts';
import { Causes } from '../../src/record/gap.ts';
import type { SegmentEntry } from '../../src/record/types.ts';
import { EPOCH, eventsOf, FRAME, type Ring, readsOf, ringOf, rings, sizes, VIDEO } from './support.ts';

const causes = new Causes();
/** Pictures a second. */
const RATE = VIDEO / FRAME;

/** A ledger whose last segment is this; times in pictures. */
function ledger(runs: [string, number][], wall = runs.at(-1)![1]): Earlier {
  const [run, end] = runs.at(-1)!;
  const last: SegmentEntry = {
    ...{ type: 'segment', path: 'x', seq: 1, bytes: 1, complete: true, frames: 25, timescale: VIDEO, run },
    ...{ dts: (end - 25) * FRAME, endDts: end * FRAME, firstPts: 0, lastPts: 0 },
    ...{ from: EPOCH + (wall - 25) / RATE, to: EPOCH + wall / RATE },
  };
  return { runs: new Map(runs.map(([id, until]) => [id, until * FRAME])), last, setBack: false };
}

/** In pictures after EPOCH. */
function gaps(events: FootageEvent[], earlier?: Earlier, runs: string[] = []): [number, number][] {
  const continuity = new Continuity(earlier);
  continuity.resume(runs);
  return events.flatMap((event) => {
    const gap = continuity.gap(event, causes);
    return gap ? [[gap.from, gap.to].map((at) => Math.round((at - EPOCH) * RATE)) as [number, number]] : [];
  });
}

const away = [{ frames: 50 }, { slate: true, frames: 75 }, { frames: 100, holes: { 60: 20 } }];

t.test('without a ledger: between takes, and within one', (t) => {
  const all: [number, number][] = [
    [50, 125],
    [186, 206],
  ];
  t.strictSame(gaps(eventsOf([ringOf({ scenes: away })])), all);
  t.end();
});

t.test('what the ledger has it was told of; what comes after is missing once', (t) => {
  const events = eventsOf([ringOf({ scenes: away })]);
  const left = (until: number) => gaps(events, ledger([['run', until]]), ['run']);
  t.strictSame(left(50), [
    [50, 125],
    [186, 206],
  ]);
  t.strictSame(
    left(100),
    [
      [100, 125],
      [186, 206],
    ],
    'more than the ring has',
  );
  t.strictSame(left(150), [[186, 206]]);
  t.strictSame(left(225), []);
  t.end();
});

t.test('where the ledger ends as the take does, the ring says why', (t) => {
  const continuity = new Continuity(ledger([['run', 50]]));
  const [gap] = eventsOf([ringOf({ scenes: away })]).flatMap((event) => continuity.gap(event, causes) ?? []);
  t.match(gap, { cause: 'publisher', reason: 'the publisher was away' });
  t.end();
});

t.test('a ledger that ends in a run of which the ring has nothing', (t) => {
  const events = eventsOf([ringOf({ scenes: [{ slate: true, frames: 50 }, { frames: 50 }], run: 'b' })]);
  t.strictSame(gaps(events, ledger([['a', 700]], 25), ['b']), [[25, 50]]);
  t.end();
});

t.test('a ledger that ends in a part of its run which the ring has no more', (t) => {
  const before = ringOf({ scenes: [{ frames: 50 }], run: 'a' });
  const events = eventsOf([
    before,
    ringOf({ scenes: [{ slate: true, frames: 50 }, { frames: 50 }], run: 'b' }),
  ]);
  const runs: [string, number][] = [
    ['a', 50],
    ['b', 25],
  ];
  t.strictSame(gaps(events, ledger(runs), ['a', 'b']), [[25, 50]]);
  t.end();
});

t.test('runs before the last one: nothing is told of them, whatever their clock said', (t) => {
  const slate = { slate: true, frames: 50 };
  const [a, x, b] = ['a', 'x', 'b'].map((run) =>
    ringOf({ scenes: [{ frames: 50 }, slate, { frames: 50 }], run }),
  );
  const told = (until: number, first = 150) =>
    gaps(
      eventsOf([a!, x!, b!]),
      ledger(
        [
          ['a', first],
          ['b', until],
        ],
        until,
      ),
      ['a', 'x', 'b'],
    );
  t.strictSame(told(150), []);
  t.strictSame(told(125), [], 'in the middle of a take');
  t.strictSame(told(50), [[50, 100]]);
  t.strictSame(told(150, 50), [], 'of which the end is written late');
  t.end();
});

t.test('after a step of the clock', (t) => {
  const continuity = new Continuity();
  const found = eventsOf([ringOf({ scenes: away })]).flatMap((event) => {
    const gap = continuity.gap(event, causes);
    if (event.type === 'end') continuity.step(3600);
    return gap ?? [];
  });
  t.match(found[0], { from: EPOCH + 2 + 3600, to: EPOCH + 5 + 3600, reason: /the clock was set meanwhile$/ });
  t.end();
});

/** Where gaps end, by run and picture: those may differ a little in length that are told from less. */
function places(events: FootageEvent[], continuity: Continuity): { run: string; at: number }[] {
  return events.flatMap((event) => {
    const gap = continuity.gap(event, causes);
    if (!gap || event.type === 'init' || event.type === 'sample' || event.type === 'end') return [];
    return [{ run: event.take.run, at: event.type === 'take' ? event.dts : event.to }];
  });
}

t.test('property: begun again anywhere, each gap is told once', (t) => {
  const every = fc.constantFrom(0.5, 2.5, 5, 60);
  const died = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(rings, sizes, every, died, (rings, sizes, every, died) => {
      const reads = rings.flatMap((ring) => readsOf(ring, sizes));
      const [footage, cutter] = [new Footage(), new Cutter({ every, digestOf: () => 'camera' })];
      const life = reads.slice(0, Math.floor(reads.length * died)).flatMap((read) => footage.push(read));
      const cuts = life.flatMap((event) => cutter.push(event));
      const last = cuts.at(-1);
      if (!last) return;
      const ids = rings.map(({ run }) => run);
      const until = new Map(cuts.map(({ take, endDts }) => [take.run, endDts]));
      const written = ({ run, at }: { run: string; at: number }): boolean =>
        run === last.take.run ? at < last.endDts : ids.indexOf(run) < ids.indexOf(last.take.run);
      const before = places(life, new Continuity()).filter(written);
      const left = restOf(rings, last);
      const again = new Continuity({ runs: until, last: entryOf(last) });
      again.resume(left.map(({ run }) => run));
      const after = places(eventsOf(left, sizes), again);
      deepEqual([...before, ...after], places(eventsOf(rings, sizes), new Continuity()));
    }),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});

/** Files from the first one that the cut needs. */
function restOf(rings: Ring[], { samples }: Cut): Ring[] {
  const index = rings.findIndex(({ written }) => written.some(({ file }) => file === samples[0]?.file));
  const ring = rings[index]!;
  const from = ring.written.findIndex(({ file }) => file === samples[0]?.file);
  return [{ ...ring, written: ring.written.slice(from) }, ...rings.slice(index + 1)];
}

function entryOf({ take, lead, dts, endDts, firstPts, lastPts, endPts, frames }: Cut): SegmentEntry {
  const [from, to] = [firstPts, endPts].map((pts) => take.anchor + pts / lead.timescale);
  return {
    ...{ type: 'segment', path: 'x', seq: 1, bytes: 1, complete: true, frames, timescale: lead.timescale },
    ...{ run: take.run, dts, endDts, firstPts, lastPts, from: from!, to: to! },
  };
}
