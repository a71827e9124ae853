import { deepEqual, ok } from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Cut, Cutter, type CutterOptions } from '../../src/record/cut.ts';
import { Footage } from '../../src/record/footage.ts';
import {
  counters,
  eventsOf,
  FRAME,
  only,
  type Ring,
  readsOf,
  ringOf,
  rings,
  SOUND,
  sizes,
  VIDEO,
} from './support.ts';

const digestOf: CutterOptions['digestOf'] = ({ moov }) => moov.toString() || undefined;

function cutsOf(rings: Ring[], every: number, sizes = [40], written?: [string, number][]): Cut[] {
  const cutter = new Cutter({ every, digestOf, written: new Map(written) });
  return [...eventsOf(rings, sizes).flatMap((event) => cutter.push(event)), ...cutter.finish()];
}

const frames = (cuts: Cut[]): number[] => cuts.map(({ frames }) => frames);

t.test('cuts at the first key frame at or after start + every', (t) => {
  const ring = (gop: number) => [ringOf({ scenes: [{ frames: 400, gop }], skew: 0 })];
  t.same(frames(cutsOf(ring(25), 5)), [125, 125, 125, 25]);
  t.same(frames(cutsOf(ring(100), 5)), [200, 200]);
  t.same(frames(cutsOf(ring(1), 5.01)), [125, 125, 125, 25], 'half a frame early is on time');
  t.same(frames(cutsOf(ring(1), 5.03)), [126, 126, 126, 22]);
  t.end();
});

t.test('where no key frame comes it is cut all the same, and nothing is missing', (t) => {
  const ring = ringOf({ scenes: [{ frames: 37_500, gop: 100_000 }], skew: 0.1 });
  const cuts = cutsOf([ring], 5);
  t.same(frames(cuts), [15_125, 15_125, 7250]);
  t.same(
    cuts.map(({ samples }) => samples[0]?.key),
    [true, false, false],
  );
  whole([ring], cuts, [40]);
  t.end();
});

t.test('a cut says where it lies', (t) => {
  const [one, two] = cutsOf([ringOf({ scenes: [{ frames: 200 }], reorder: 2, skew: 0 })], 5);
  t.match(one, {
    dts: 0,
    endDts: 125 * FRAME,
    firstPts: FRAME,
    endPts: 126 * FRAME,
    complete: true,
    frames: 125,
  });
  t.match(two, { dts: 125 * FRAME, endDts: 200 * FRAME, take: { number: 0 }, lead: { id: 1 } });
  t.end();
});

t.test('sound alone is cut too', (t) => {
  const cuts = cutsOf([ringOf({ scenes: [], skew: 0, hearing: [0, 12] })], 5);
  t.same(frames(cuts), [234, 234, 95]);
  t.end();
});

t.test('a header that fits is waited for, not for ever', (t) => {
  const pushed = (headers: string[], frames: number) => {
    const cutter = new Cutter({ every: 1, digestOf });
    const ring = ringOf({ scenes: [{ frames }], headers });
    return { cutter, cuts: eventsOf([ring], [5]).flatMap((event) => cutter.push(event)) };
  };
  const fit = pushed(['slate', 'camera'], 150).cuts;
  t.same(
    fit.map(({ init, fits, frames }) => [init.number, fits, frames]),
    Array.from({ length: 6 }, () => [1, true, 25]),
  );
  const short = pushed(['slate'], 150);
  t.same(short.cuts, []);
  t.equal(short.cutter.oldest?.offset, 1);
  t.match(
    short.cutter.finish(),
    Array.from({ length: 6 }, () => ({ fits: false, init: { number: 0 } })),
  );
  t.same(pushed(['slate'], 450).cuts.at(-1)?.fits, false, 'three files later what there is will do');
  t.end();
});

t.test('what was written is left out after a beginning, also when rounding moved the times', (t) => {
  const ring = ringOf({ scenes: [{ frames: 300 }, { slate: true, frames: 50 }, { frames: 100 }], skew: 0.2 });
  for (const off of [-2, 0, 2]) {
    const cuts = cutsOf([ring], 5, [40], [['run', 125 * FRAME + off]]);
    t.same(frames(cuts), [125, 50, 100]);
    t.equal(cuts[0]?.samples[0]?.offset, 126);
  }
  const broken = cutsOf([ring], 5, [40], [['run', 110 * FRAME]]);
  t.same(frames(broken), [140, 50, 100], 'in the middle of a group of pictures nothing is lost either');
  t.end();
});

t.test('of each run what was written is left out; one of which nothing was is new', (t) => {
  const runs = ['a', 'b', 'c'].map((run) => ringOf({ scenes: [{ frames: 100, slate: run === 'b' }], run }));
  const left = (written: [string, number][]) =>
    cutsOf(runs, 5, [40], written).map(({ take, frames }) => [take.run, frames]);
  t.same(left([['a', 100 * FRAME]]), [['c', 100]]);
  t.same(left([['c', 100 * FRAME]]), [['a', 100]], 'whatever follows');
  t.same(
    left([
      ['c', 50 * FRAME],
      ['a', 75 * FRAME],
    ]),
    [
      ['a', 25],
      ['c', 50],
    ],
  );
  t.end();
});

/** Whatever is cut, all is there once. */
function whole(rings: Ring[], cuts: Cut[], sizes: number[]): void {
  const samples = cuts.flatMap((cut) => cut.samples);
  deepEqual(
    counters(samples),
    rings.flatMap(({ footage }) => footage),
  );
  const sound = ({ track }: { track: number }) => track === 2;
  const heard = only(eventsOf(rings, sizes), 'sample')
    .map(({ sample }) => sample)
    .filter(sound);
  deepEqual(
    samples.filter(sound).map(({ file, dts }) => [file, dts]),
    heard.map(({ file, dts }) => [file, dts]),
  );
}

const every = fc.constantFrom(0.5, 1, 2.5, 5, 5.01, 10, 60);

t.test('property: the cuts hold each packet once and in order', (t) => {
  fc.assert(
    fc.property(rings, sizes, every, (rings, sizes, every) => {
      const cuts = cutsOf(rings, every, sizes);
      whole(rings, cuts, sizes);
      for (const [index, cut] of cuts.entries()) {
        const { dts, endDts, samples, take } = cut;
        ok(samples[0]?.key && samples[0].track === 1);
        for (const sample of samples) {
          const at = sample.track === 1 ? sample.dts / VIDEO : sample.dts / SOUND;
          ok(at >= dts / VIDEO && at < endDts / VIDEO);
        }
        const next = cuts[index + 1];
        if (next?.take.run !== take.run || next.take.number !== take.number) continue;
        deepEqual(next.dts, endDts);
        const keys = samples.filter(({ key, track }) => key && track === 1).map((sample) => sample.dts);
        const due = dts + every * VIDEO;
        ok(
          next.dts >= due - 4 * FRAME * every && (keys.at(-1) ?? 0) < due,
          'at the first key frame that will do',
        );
      }
    }),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});

t.test('property: where key frames allow, starts are as far apart as they shall be', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0.2, max: 7, noNaN: true }), sizes, (every, sizes) => {
      const cuts = cutsOf(
        [ringOf({ scenes: [{ frames: 500, gop: 1 }], reorder: 0, skew: 0.1 })],
        every,
        sizes,
      );
      for (const [index, cut] of cuts.slice(1).entries())
        ok(Math.abs((cut.dts - (cuts[index]?.dts ?? 0)) / FRAME - every * 25) <= 1);
    }),
  );
  t.pass();
  t.end();
});

t.test('property: begun again anywhere, after the last that was written', (t) => {
  fc.assert(
    fc.property(
      rings,
      sizes,
      every,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (rings, sizes, every, died) => {
        const reads = rings.flatMap((ring) => readsOf(ring, sizes));
        const [footage, cutter] = [new Footage(), new Cutter({ every, digestOf })];
        const before = reads
          .slice(0, Math.floor(reads.length * died))
          .flatMap((read) => footage.push(read))
          .flatMap((event) => cutter.push(event));
        const last = before.at(-1);
        const written = before.map(({ take, endDts }): [string, number] => [take.run, endDts]);
        // Of the files that are no longer needed some are gone, each with all before it.
        const needed = reads.find(({ file }) => file === last?.samples[0]?.file);
        const left = rings.map((ring) => {
          const from = ring.written.findIndex(({ file }) => file === needed?.file);
          return from < 0 ? ring : { ...ring, written: ring.written.slice(from) };
        });
        whole(rings, [...before, ...cutsOf(left, every, sizes, written)], sizes);
      },
    ),
    { numRuns: 100 },
  );
  t.pass();
  t.end();
});
