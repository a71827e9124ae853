import fc from 'fast-check';
import t from 'tap';
import { ClipWindows, MOST_EVENTS, MOST_WINDOWS } from '../../src/record/clip-windows.ts';
import type { ClipsSpec } from '../../src/record/types.ts';

const windows = (spec: Partial<ClipsSpec> = {}) =>
  new ClipWindows({
    ...{
      kind: 'clips',
      dir: '/clips',
      on: [],
      before: 5,
      after: 3,
      atMostEvery: 0,
      overlap: 'merge',
      longest: 60,
    },
    ...spec,
  });
const at = (at: number, name = 'person') => ({ name, at });

t.test('an event becomes a window, once its footage is there', (t) => {
  const clips = windows();
  t.equal(clips.event({ ...at(100), data: { score: 1 } }), 'window');
  t.same(clips.due({ now: 104, newest: 102.9, live: true }), []);
  t.same(clips.due({ now: 104, newest: 103, live: true }), [
    { from: 95, to: 103, events: [{ name: 'person', at: 100, data: { score: 1 } }] },
  ]);
  t.same(clips.state.open, []);
  t.end();
});

t.test('where no footage comes any more it is not waited for', (t) => {
  const clips = windows();
  clips.event(at(100));
  t.same(clips.due({ now: 107, newest: 101, live: false }), []);
  t.equal(clips.due({ now: 108, newest: 101, live: false }).length, 1);
  clips.event(at(200));
  t.same(clips.due({ now: 217, newest: 201, live: true }), []);
  t.equal(clips.due({ now: 218, newest: 201, live: true }).length, 1, 'a take that fell silent');
  clips.event(at(300));
  t.equal(clips.finish().length, 1);
  t.end();
});

t.test('only the names that are wanted', (t) => {
  const clips = windows({ on: ['person', 'car'] });
  t.same([clips.event(at(1, 'cat')), clips.event(at(1, 'car'))], ['ignored', 'window']);
  t.end();
});

t.test('at most one of a name in a while', (t) => {
  const clips = windows({ atMostEvery: 60 });
  t.same(
    [100, 101, 159.9, 99, 160].map((time) => clips.event(at(time))),
    ['window', 'refused', 'refused', 'refused', 'window'],
  );
  t.equal(clips.event(at(101, 'car')), 'merged', 'another name has a limit of its own');
  t.end();
});

t.test('events that overlap: one clip up to longest, all events listed', (t) => {
  const clips = windows({ longest: 14 });
  t.same(
    [100, 106, 103, 107].map((time) => clips.event(at(time))),
    ['window', 'merged', 'merged', 'window'],
  );
  t.match(clips.finish(), [
    { from: 95, to: 109, events: [{ at: 100 }, { at: 103 }, { at: 106 }] },
    { from: 102, to: 110, events: [{ at: 107 }] },
  ]);
  t.end();
});

t.test('events that do not overlap: one each', (t) => {
  const clips = windows();
  t.same(
    [100, 108.5].map((time) => clips.event(at(time))),
    ['window', 'window'],
  );
  t.end();
});

t.test('split: one each', (t) => {
  const clips = windows({ overlap: 'split' });
  t.same(
    [100, 101].map((time) => clips.event(at(time))),
    ['window', 'window'],
  );
  t.end();
});

t.test('a clock that is set moves what is open, and what counted last', (t) => {
  for (const by of [-3600, 3600]) {
    const clips = windows({ atMostEvery: 7200 });
    clips.event(at(10_000));
    clips.step(by);
    t.same(clips.due({ now: 10_001 + by, newest: 10_001 + by, live: true }), []);
    t.equal(clips.keepFrom(10_001 + by), 9985 + by);
    t.equal(clips.event(at(17_199 + by)), 'refused');
    t.equal(clips.event(at(17_200 + by)), 'window');
    const [first] = clips.due({ now: 10_004 + by, newest: 10_003 + by, live: true });
    t.same(first, { from: 9995 + by, to: 10_003 + by, events: [at(10_000 + by)] });
  }
  t.end();
});

t.test('a window of the future, by the clock of another life, is not waited for', (t) => {
  const clips = windows();
  clips.event(at(10_000));
  t.equal(clips.due({ now: 6400, newest: 6400, live: true }).length, 1);
  t.end();
});

t.test('so many windows, and so many events in one: more is refused, and counts for nothing', (t) => {
  const each = windows({ overlap: 'split', atMostEvery: 1 });
  for (let n = 0; n < MOST_WINDOWS - 1; n++) t.equal(each.event(at(n)), 'window');
  t.equal(each.event(at(500), 1), 'full', 'one is given, and not cut yet');
  t.equal(each.event(at(500)), 'window');
  t.equal(each.event(at(600)), 'full');
  t.equal(each.state.open.length, MOST_WINDOWS);
  t.equal(each.finish().length, MOST_WINDOWS);
  t.equal(each.event(at(600.5)), 'window', 'what was refused is not too soon before it');

  const one = windows();
  for (let n = 0; n < MOST_EVENTS; n++) one.event(at(100 + n / 1000));
  t.equal(one.event(at(101)), 'full');
  t.equal(one.event(at(200)), 'window');
  t.equal(one.finish()[0]?.events.length, MOST_EVENTS);
  t.end();
});

t.test('names without end: those of late are known', (t) => {
  const clips = windows({ atMostEvery: 86_400 });
  for (let n = 0; n < 5000; n++) {
    clips.event(at(n * 10, `name-${n}`));
    clips.due({ now: n * 10 + 9, newest: n * 10 + 9, live: true });
  }
  t.equal(clips.state.last.length, 1000);
  t.equal(clips.event(at(50_001, 'name-4999')), 'refused');
  t.end();
});

t.test('what the ring must keep', (t) => {
  const clips = windows();
  t.equal(clips.keepFrom(1000), 984);
  clips.event(at(980));
  t.equal(clips.keepFrom(1000), 975);
  t.equal(clips.keepFrom(2000), 975, 'until it is cut');
  t.end();
});

t.test(
  'property: the limit holds, no clip is longer than longest, each event that counted is in one',
  (t) => {
    const events = fc.array(
      fc.record({ name: fc.constantFrom('a', 'b'), at: fc.integer({ min: 0, max: 300 }) }),
    );
    fc.assert(
      fc.property(
        events,
        fc.constantFrom('merge', 'split'),
        fc.integer({ min: 0, max: 30 }),
        (events, overlap, limit) => {
          const clips = windows({ overlap, atMostEvery: limit, longest: 20 });
          const sorted = events.toSorted((a, b) => a.at - b.at);
          const counted = sorted.filter((event) => clips.event(event) !== 'refused');
          const given = clips.finish();
          const listed = given.flatMap(({ events }) => events);
          const close = (name: string) =>
            counted
              .filter((each) => each.name === name)
              .some((each, n, own) => n > 0 && each.at - (own[n - 1]?.at ?? 0) < limit);
          return (
            listed.length === counted.length &&
            !close('a') &&
            !close('b') &&
            given.every(
              ({ from, to, events }) =>
                to - from <= 20 && events.every(({ at }) => at - 5 >= from && at + 3 <= to),
            )
          );
        },
      ),
    );
    t.pass();
    t.end();
  },
);
