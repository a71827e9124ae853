import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Shelf } from '../../src/record/clip-cut.ts';
import { counters, EPOCH, eventsOf, FRAME, type Ring, ringOf, SOUND, VIDEO } from './support.ts';

type Options = Parameters<typeof ringOf>[0];

function shelfOf(rings: Ring[], longest = 600): Shelf {
  const shelf = new Shelf(({ moov }) => moov.toString() || undefined, longest);
  for (const event of eventsOf(rings)) shelf.push(event);
  return shelf;
}
const shelf = (options: Options, longest?: number) => shelfOf([ringOf(options)], longest);
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

t.test('from the last key frame before it to the last picture within it', (t) => {
  const held = shelf({ scenes: [{ frames: 300, gop: 50 }], skew: 0.1, headers: ['slate', 'camera'] });
  const [cut, ...more] = held.cut({ from: EPOCH + 3, to: EPOCH + 7 });
  t.same(more, []);
  t.same(counters(cut?.samples ?? []), range(51, 176));
  const heard = cut?.samples.filter(({ track }) => track === 2).map(({ dts }) => dts / SOUND) ?? [];
  t.ok(Math.min(...heard) >= 2 && Math.min(...heard) < 2.022);
  t.ok(Math.max(...heard) < 7 && Math.max(...heard) > 6.978);
  t.match(cut, { dts: 50 * FRAME, endDts: 175 * FRAME, fits: true, init: { number: 1 } });
  t.same(counters(held.cut({ from: EPOCH + 4, to: EPOCH + 5.001 })[0]?.samples ?? []), range(101, 127));
  t.same(counters(held.cut({ from: EPOCH - 9, to: EPOCH + 0.04 })[0]?.samples ?? []), [1]);
  t.same(held.cut({ from: EPOCH - 9, to: EPOCH - 1 }), []);
  t.same(held.cut({ from: EPOCH + 12, to: EPOCH + 13 }), []);
  t.end();
});

t.test('a window over several takes: a piece of each', (t) => {
  const slate = { slate: true, frames: 50 };
  const held = shelf({ scenes: [{ frames: 50 }, slate, { frames: 50 }, slate, { frames: 50 }], skew: 0 });
  const cuts = held.cut({ from: EPOCH + 1, to: EPOCH + 9 });
  t.same(
    cuts.map(({ take, samples }) => [take.number, counters(samples).length]),
    [
      [0, 25],
      [1, 50],
      [2, 25],
    ],
  );
  t.end();
});

t.test('pictures out of order: none within the window is missing, none in between', (t) => {
  const held = shelf({ scenes: [{ frames: 100 }], reorder: 2, skew: 0 });
  for (const end of range(31, 60)) {
    const [cut] = held.cut({ from: EPOCH + 1.2, to: EPOCH + end / 25 });
    const shown = cut?.samples.filter(({ track }) => track === 1).map(({ pts }) => pts / FRAME) ?? [];
    shown.sort((a, b) => a - b);
    t.same(shown, range(26, 26 + shown.length));
    t.ok((shown.at(-1) ?? 0) >= end - 1 && (shown.at(-1) ?? 0) <= end + 2);
  }
  t.end();
});

t.test('what no clip needs is forgotten, but never the group of pictures that is on', (t) => {
  const held = shelf({ scenes: [{ frames: 100 }, { slate: true, frames: 25 }, { frames: 100 }] });
  t.equal(held.newest, EPOCH + 9);
  t.equal(held.live, false);
  held.forget(EPOCH + 2.5);
  t.equal(held.oldest?.offset, 51);
  held.forget(EPOCH + 4.5);
  t.equal(held.oldest?.offset, 101);
  held.forget(EPOCH + 8.5);
  t.same(counters(held.cut({ from: EPOCH + 8.5, to: EPOCH + 10 })[0]?.samples ?? []), range(176, 201));
  held.forget(EPOCH + 20);
  t.equal(held.oldest, undefined);
  t.equal(held.newest, undefined);
  t.end();
});

t.test('a take that goes on stays, though it is silent', (t) => {
  const held = new Shelf(() => undefined, 600);
  const events = eventsOf([ringOf({ scenes: [{ frames: 100 }] })]);
  for (const event of events) if (event.type !== 'end') held.push(event);
  t.equal(held.live, true);
  held.forget(EPOCH + 20);
  t.equal(held.oldest?.offset, 76);
  t.equal(held.newest, EPOCH + 4);
  t.end();
});

for (const [what, by] of [
  ['back', -3600],
  ['forward', 3600],
] as const) {
  t.test(`a clock that is set ${what} moves what is held: no more is kept, and no less`, (t) => {
    const before = ringOf({ scenes: [{ frames: 100 }, { slate: true, frames: 25 }, { frames: 100 }] });
    const held = new Shelf(() => undefined, 600);
    for (const event of eventsOf([before]).slice(0, -1)) held.push(event);
    t.equal(held.live, true);
    held.step(by);
    t.equal(held.newest, EPOCH + by + 9);
    const window = { from: EPOCH + by + 6.5, to: EPOCH + by + 8 };
    const [cut] = held.cut(window);
    t.same(counters(cut?.samples ?? []), range(126, 176));
    t.equal(Math.round((cut?.take.anchor ?? 0) - EPOCH), by, 'which is named by the new clock');
    held.forget(window.from, EPOCH + by + 10);
    t.equal(held.oldest?.offset, 126, 'the take of before is forgotten');
    t.same(counters(held.cut(window)[0]?.samples ?? []), range(126, 176));
    t.end();
  });
}

t.test('a take of a clock that was set back while nobody looked is not kept until its time comes', (t) => {
  const held = shelf({ scenes: [{ frames: 100 }] });
  held.forget(EPOCH - 3600, EPOCH - 3595);
  t.equal(held.oldest, undefined);
  t.end();
});

t.test('a take without key frames, or by a wrong clock, is not held for ever', (t) => {
  const long = { scenes: [{ frames: 500, gop: 1000 }] };
  const held = new Shelf(() => undefined, 10);
  for (const event of eventsOf([ringOf(long)]).slice(0, -1)) held.push(event);
  held.forget(EPOCH - 3600);
  t.equal(held.oldest?.offset, 250);
  t.same(held.cut({ from: EPOCH + 12, to: EPOCH + 14 }), [], 'nothing of it can be decoded');
  const keys = new Shelf(() => undefined, 10);
  for (const event of eventsOf([ringOf({ scenes: [{ frames: 500, gop: 40 }] })]).slice(0, -1))
    keys.push(event);
  keys.forget(EPOCH - 3600);
  t.same(counters(keys.cut({ from: EPOCH, to: EPOCH + 12 })[0]?.samples ?? []), range(281, 301));
  t.end();
});

t.test('hundreds of thousands of packets', (t) => {
  const held = shelf({ scenes: [{ frames: 200_000, gop: 250 }] }, 10_000);
  t.equal(held.cut({ from: EPOCH, to: EPOCH + 9000 })[0]?.frames, 200_000);
  t.end();
});

t.test('property: begins within a group of pictures before the window, ends within a frame of it', (t) => {
  const time = fc.double({ min: 0, max: 18, noNaN: true });
  fc.assert(
    fc.property(
      time,
      fc.double({ min: 0.1, max: 9, noNaN: true }),
      fc.constantFrom(1, 25, 100),
      (from, length, gop) => {
        const held = shelf({ scenes: [{ frames: 500, gop }], skew: 0.2 });
        held.forget(EPOCH + from);
        const to = Math.min(20, from + length);
        const [cut] = held.cut({ from: EPOCH + from, to: EPOCH + to });
        ok(cut?.samples[0]?.key);
        const [start, end] = [cut.firstPts / VIDEO, cut.endPts / VIDEO];
        ok(start <= from + 1e-4 && start > from - gop / 25 - 1e-4);
        ok(Math.abs(end - to) <= 0.04 + 1e-4);
        for (const { track, dts } of cut.samples)
          ok(track === 1 || (dts / SOUND >= start && dts / SOUND < end));
      },
    ),
    { numRuns: 60 },
  );
  t.pass();
  t.end();
});
