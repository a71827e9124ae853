import { deepEqual } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Footage } from '../../src/record/footage.ts';
import { Lead } from '../../src/record/lead.ts';
import {
  counters,
  EPOCH,
  eventsOf,
  FRAME,
  only,
  readsOf,
  ringOf,
  rings,
  SOUND,
  sizes,
  VIDEO,
} from './support.ts';

type Scenes = Parameters<typeof ringOf>[0]['scenes'];
const told = (scenes: Scenes, options: Partial<Parameters<typeof ringOf>[0]> = {}) => {
  const ring = ringOf({ scenes, ...options });
  const events = eventsOf([ring]);
  const samples = only(events, 'sample').map(({ sample }) => sample);
  const heard = samples.filter(({ track }) => track === 2).map(({ dts }) => dts / SOUND);
  return { ring, events, ends: only(events, 'end'), takes: only(events, 'take'), samples, heard };
};
const slate = { slate: true, frames: 50 };

t.test('slate, footage, slate: one take of exactly the footage', (t) => {
  const { ring, takes, ends, samples } = told([slate, { frames: 60, tail: 540 }, slate]);
  t.same(counters(samples), ring.footage);
  t.match(takes, [{ dts: 50 * FRAME, pts: 50 * FRAME, take: { number: 0, run: 'run' } }]);
  t.match(ends, [{ why: 'slate', endDts: 109 * FRAME + 540, complete: true, frame: FRAME }]);
  t.end();
});

t.test('the last picture before a slate lasts three usual ones at most', (t) => {
  const { ends, samples } = told([{ frames: 60, tail: 200_000 }, slate]);
  t.equal(ends[0]?.endDts, 62 * FRAME);
  t.equal(samples.at(-1)?.duration, 3 * FRAME);
  t.end();
});

t.test("the slate's own sound is not the take's, though it may begin a little before its picture", (t) => {
  const end = 60 * FRAME + 1000;
  const { ring, heard: real } = told([{ frames: 60, tail: FRAME + 1000 }, slate], { skew: 0 });
  const heard = (early: number): number[] => {
    const reads = readsOf(ring, [400]);
    const read = reads.find(({ samples }) => samples.some(({ slate }) => slate))!;
    const at = read.samples.findIndex(({ track, dts }) => track === 2 && dts / SOUND > end / VIDEO);
    const own = { ...read.samples[at]!, dts: Math.round((end / VIDEO - early) * SOUND), size: 4 };
    read.samples.splice(at, 0, { ...own, pts: own.dts });
    const footage = new Footage();
    const events = [...reads.flatMap((each) => footage.push(each)), ...footage.end()];
    return only(events, 'sample').flatMap(({ sample }) => (sample.track === 2 ? sample.dts / SOUND : []));
  };
  t.ok(real.length > 100);
  for (const early of [0.0018, 0.0005, 0.00002, 0]) t.equal(heard(early).join(), real.join(), `${early} s`);
  t.equal(heard(0.004).length, real.length + 1, 'what comes earlier is of the publisher');
  t.end();
});

t.test('parameters that change: a new take, no gap', (t) => {
  const { ends, takes } = told([{ frames: 50 }, { frames: 50, parameters: 'other' }], { skew: 0 });
  t.match(ends, [
    { why: 'parameters', endDts: 50 * FRAME },
    { why: 'end', endDts: 100 * FRAME },
  ]);
  t.match(takes, [{ dts: 0 }, { dts: 50 * FRAME }]);
  t.end();
});

t.test('a hole before a key frame ends the take where the last picture does', (t) => {
  const { ends, takes } = told([{ frames: 75, holes: { 49: 20 } }]);
  t.match(ends[0], { why: 'hole', endDts: 50 * FRAME, frame: FRAME });
  t.equal(takes[1]?.dts, 70 * FRAME);
  t.end();
});

t.test(
  'a hole in a group of pictures: what follows it stays, and the take ends at the next key frame',
  (t) => {
    const { ring, events, ends, takes, samples } = told([{ frames: 75, holes: { 30: 20 } }]);
    t.same(counters(samples), ring.footage);
    t.match(only(events, 'hole'), [{ from: 31 * FRAME, to: 51 * FRAME, frames: 20 }]);
    t.match(ends[0], { why: 'hole', endDts: 70 * FRAME });
    t.equal(takes[1]?.dts, 70 * FRAME);
    t.end();
  },
);

t.test('missing samples: the rest of their group can not be decoded', (t) => {
  const ring = ringOf({ scenes: [{ frames: 75 }] });
  ring.written.splice(30, 5);
  const events = eventsOf([ring]);
  const seen = counters(only(events, 'sample').map(({ sample }) => sample));
  t.same(seen, [...ring.footage.slice(0, 30), ...ring.footage.slice(50)]);
  t.match(only(events, 'end')[0], { why: 'hole', endDts: 30 * FRAME });
  t.end();
});

t.test('a source of few pictures has no holes', (t) => {
  const ring = ringOf({ scenes: [{ frames: 50 }] });
  for (const { sample } of ring.written) {
    for (const key of ['dts', 'pts', 'duration'] as const) sample[key] *= 50;
  }
  t.equal(only(eventsOf([ring]), 'take').length, 1);
  t.end();
});

t.test('a new run', (t) => {
  const [one, two] = [
    ringOf({ scenes: [{ frames: 30 }], run: 'a' }),
    ringOf({ scenes: [{ frames: 30 }], run: 'b' }),
  ];
  t.match(only(eventsOf([one, two]), 'end'), [
    { take: { run: 'a' }, why: 'run', complete: true },
    { take: { run: 'b' }, why: 'end' },
  ]);
  const footage = new Footage();
  const broken = readsOf(one, [100]).map((read) => ({ ...read, ended: 'cut' as const }));
  const events = [...broken, ...readsOf(two, [100])].flatMap((read) => footage.push(read));
  t.match(only(events, 'end'), [{ why: 'run', complete: false }]);
  t.end();
});

t.test('pictures out of order: the end by decoding and by presentation', (t) => {
  const { ends } = told([{ frames: 25 }, slate], { reorder: 2 });
  t.match(ends, [{ endDts: 25 * FRAME, endPts: 26 * FRAME }]);
  t.end();
});

t.test('sound is given to the take that was on', (t) => {
  const scenes = [slate, { frames: 50 }, slate, { frames: 50 }];
  const { heard } = told(scenes, { skew: 0.3 });
  const times = Array.from({ length: 400 }, (_, n) => (n * 1024) / SOUND);
  t.same(
    heard,
    times.filter((at) => (at >= 2 && at < 4) || (at >= 6 && at < 8)),
  );
  t.end();
});

t.test('sound that begins later, and that ends sooner: the picture does not wait for it', (t) => {
  const { heard } = told([{ frames: 300 }], { skew: 0, hearing: [5, 7] });
  t.ok(heard[0] === 5 && heard.length === 94);
  const footage = new Footage();
  const ring = ringOf({ scenes: [{ frames: 300 }], skew: 0, hearing: [0, 1] });
  const given = readsOf(ring, [10]).flatMap((read) => footage.push(read));
  t.ok(only(given, 'sample').filter(({ sample }) => sample.track === 1).length > 240);
  t.end();
});

t.test('sound without picture: one take until a hole', (t) => {
  const { ring, ends, samples } = told([], { skew: 0, hearing: [0, 20] });
  t.equal(samples.length, ring.sound.length);
  t.equal(ends.length, 1);
  ring.written.splice(100, 50);
  t.match(only(eventsOf([ring]), 'end'), [{ why: 'hole', endDts: 100 * 1024 }, { why: 'end' }]);
  t.end();
});

t.test('slates and sound alone do not pile up, pictures that come again are kept', (t) => {
  const ring = ringOf({ scenes: [{ frames: 50, holes: { 30: 25 * 60 } }], skew: 0 });
  const samples = only(eventsOf([ring], [5]), 'sample').map(({ sample }) => sample);
  t.same(counters(samples), ring.footage);
  t.ok(samples.filter(({ track }) => track === 2).length < 700, 'of 62 s of sound');
  t.end();
});

t.test('the anchor goes by the files within the take', (t) => {
  const late = [0.063, 0.002, 0.001, 0.004];
  const { takes } = told([slate, { frames: 400 }], { late });
  const begun = takes[0]?.take;
  t.ok(Math.abs((begun?.anchor ?? 0) - EPOCH - 0.001) < 1e-5);
  const footage = new Footage();
  const [first] = readsOf(ringOf({ scenes: [slate, { frames: 40 }], late }), [1000]);
  t.ok(first);
  const [take] = only([...(first ? footage.push(first) : []), ...footage.end()], 'take');
  t.ok(Math.abs((take?.take.anchor ?? 0) - EPOCH - 0.063) < 1e-5, 'until there is one');
  t.end();
});

t.test('a file that begins with its take counts for it', (t) => {
  const scenes = [{ frames: 100 }, { frames: 150, parameters: 'other' }];
  const { takes } = told(scenes, { late: [0, 0.001, 0.05] });
  t.ok(Math.abs((takes[1]?.take.anchor ?? 0) - EPOCH - 0.001) < 1e-5);
  t.end();
});

t.test('sound that comes when its take is long over is not given to the next', (t) => {
  const ring = ringOf({ scenes: [{ frames: 50 }, { slate: true, frames: 25 }, { frames: 300 }], skew: 5 });
  const heard = only(eventsOf([ring], [1]), 'sample').filter(({ sample }) => sample.track === 2);
  t.ok(heard.length > 0 && heard.every(({ sample, take }) => take.number === 1 && sample.dts >= 3 * SOUND));
  t.end();
});

t.test('one odd duration does not change what is usual', (t) => {
  const lead = new Lead(VIDEO, false);
  const { written } = ringOf({
    scenes: [{ frames: 25, tail: 100 }, { frames: 1, gop: 2, tail: 50_000 }, slate],
  });
  const marks = written.flatMap(({ sample }) => lead.push(sample));
  t.match(marks.at(-1), { type: 'end', endDts: 24 * FRAME + 100 + 3 * FRAME, frame: FRAME });
  t.end();
});

t.test('property: in whatever pieces a ring is read, the same happened', (t) => {
  fc.assert(
    fc.property(rings, sizes, sizes, (rings, one, other) => {
      // With the anchor as it was: a take object goes on to change.
      const happened = (sizes: number[]) => {
        const footage = new Footage();
        const flat = rings.flatMap((ring) => readsOf(ring, sizes)).flatMap((read) => footage.push(read));
        return [...flat, ...footage.end()]
          .filter(({ type }) => type !== 'init')
          .map((event) => ({
            ...event,
            take: 'take' in event && [event.take.run, event.take.number, event.take.anchor],
          }));
      };
      deepEqual(happened(one), happened(other));
    }),
    { numRuns: 60 },
  );
  t.pass();
  t.end();
});

t.test('property: each picture of footage once, in order; sound by the times of its take', (t) => {
  fc.assert(
    fc.property(rings, sizes, (rings, sizes) => {
      const events = eventsOf(rings, sizes);
      const samples = only(events, 'sample');
      deepEqual(
        counters(samples.map(({ sample }) => sample)),
        rings.flatMap(({ footage }) => footage),
      );
      const [takes, ends] = [only(events, 'take'), only(events, 'end')];
      deepEqual(takes.length, ends.length);
      const heard = takes.flatMap(({ take, dts }, n) => {
        const all = rings.find(({ run }) => run === take.run)?.sound ?? [];
        const [from, to] = [dts / VIDEO, (ends[n]?.endDts ?? 0) / VIDEO];
        return all.filter((each) => each.dts / SOUND >= from && each.dts / SOUND < to);
      });
      const given = samples.filter(({ sample }) => sample.track === 2);
      deepEqual(
        given.map(({ sample }) => sample.dts),
        heard.map(({ dts }) => dts),
      );
    }),
    { numRuns: 100 },
  );
  t.pass();
  t.end();
});

t.test('a clock that is set moves the take that goes on', (t) => {
  for (const by of [-3600, 3600]) {
    // 4 s each: the clock is set while the third is written.
    const ring = ringOf({ scenes: [{ frames: 500 }], late: [0.02, 0.01, 0.03, by + 0.03, by + 0.005] });
    const footage = new Footage();
    const events = readsOf(ring, [25]).flatMap((read, index) => {
      if (index === 10) footage.step(by);
      return footage.push(read);
    });
    const anchors = [...events, ...footage.end()].flatMap((event) =>
      event.type === 'end' ? event.take.anchor : [],
    );
    t.same(
      anchors.map((anchor) => Math.round((anchor - EPOCH) * 1000)),
      [by * 1000 + 5],
    );
  }
  t.end();
});
