/** Rings that never were on a disk: scenes → what a reader of ring files would give, in whatever pieces. */
import fc from 'fast-check';
import type { FootageEvent } from '../../src/record/footage.ts';
import { Footage } from '../../src/record/footage.ts';
import type { Init, RingRead, Sample, TrackInit } from '../../src/record/types.ts';

export const VIDEO = 90_000;
export const SOUND = 48_000;
export const FRAME = 3600;
export const PACKET = 1024;
/** Unix seconds of tick 0. */
export const EPOCH = 1_795_284_500;

export interface Scene {
  slate?: boolean;
  frames: number;
  /** Frames from key to key. */
  gop?: number;
  parameters?: string;
  /** Frame → how many frames are missing after it. */
  holes?: Record<number, number>;
  /** Ticks of its last frame. */
  tail?: number;
}

export interface RingOptions {
  run?: string;
  scenes: Scene[];
  /** Frames between P and P; 0: none. */
  reorder?: number;
  /** Seconds after its picture that sound is written; undefined: no sound. */
  skew?: number | undefined;
  /** Seconds at which sound begins and ends. */
  hearing?: [number, number];
  /** Seconds by which each file's first packet came late, in turn. */
  late?: number[];
  /** Counter of the first picture of footage. */
  first?: number;
  /** Parameters that the header of each file holds, in turn. */
  headers?: string[];
}

export interface Ring {
  run: string;
  written: { file: string; init: Init; sample: Sample }[];
  /** The counters of all pictures that are footage. Counters stand in `offset`. */
  footage: number[];
  sound: Sample[];
  /** Ticks. */
  end: number;
}

const picture: TrackInit = { id: 1, kind: 'video', timescale: VIDEO, codec: 'avc1', config: Buffer.alloc(0) };
const sound: TrackInit = { id: 2, kind: 'audio', timescale: SOUND, codec: 'mp4a', config: Buffer.alloc(0) };

export function initOf(
  run: string,
  number: number,
  seconds: number,
  late = 0,
  tracks = [picture, sound],
): Init {
  const dts = BigInt(Math.round(seconds * 1e9));
  const ntp = BigInt(EPOCH) * 1_000_000_000n + dts + BigInt(Math.round(late * 1e9));
  return { ftyp: Buffer.alloc(0), moov: Buffer.alloc(0), tracks, run, number, dts, ntp };
}

function pictures({ scenes, reorder = 0, first = 1 }: RingOptions) {
  const list: Sample[] = [];
  const footage: number[] = [];
  let [dts, counter] = [0, first];
  for (const { slate = false, frames, gop = 25, holes = {}, tail, parameters } of scenes) {
    for (let n = 0; n < frames; n++) {
      const key = n % gop === 0;
      const place = n % gop;
      // I P b b P b b …, in decode order: a P is shown after the pictures that follow it.
      const shift = reorder === 0 ? 1 : place === 0 ? 1 : (place - 1) % (reorder + 1) === 0 ? 1 + reorder : 0;
      const lasts = n === frames - 1 && tail !== undefined ? tail : FRAME * (1 + (holes[n] ?? 0));
      const own = slate ? 'slate' : (parameters ?? 'camera');
      list.push({
        ...{ track: 1, dts, pts: dts + (reorder === 0 ? 0 : shift * FRAME), duration: lasts, key },
        ...{ file: '', offset: slate ? -1 : counter, size: 1 },
        ...(key ? { parameters: own, slate } : {}),
      });
      if (!slate) footage.push(counter++);
      dts += lasts;
    }
  }
  return { list, footage, end: dts };
}

export function ringOf(options: RingOptions): Ring {
  const { run = 'run', skew, late = [0], headers } = options;
  const { list, footage, end } = pictures(options);
  const [from, to] = options.hearing ?? [0, end / VIDEO];
  const heard: Sample[] = [];
  for (let dts = Math.round(from * SOUND); skew !== undefined && dts < to * SOUND; dts += PACKET) {
    const id = { file: '', offset: heard.length, size: 200 };
    heard.push({ track: 2, dts, pts: dts, duration: PACKET, key: true, ...id });
  }
  const flow = [
    ...list.map((sample) => ({ sample, at: sample.dts / VIDEO })),
    ...heard.map((sample) => ({ sample, at: sample.dts / SOUND + (skew ?? 0) })),
  ].sort((a, b) => a.at - b.at);
  const tracks = list.length === 0 ? [sound] : skew === undefined ? [picture] : [picture, sound];
  const written: Ring['written'] = [];
  let [init, start]: [Init | undefined, number] = [undefined, 0];
  for (const { sample } of flow) {
    const at = sample.dts / (sample.track === 1 ? VIDEO : SOUND);
    const cuts = sample.track === 1 ? sample.key : list.length === 0;
    if (!init || (cuts && at - start >= 4)) {
      const number: number = init ? init.number + 1 : 0;
      init = initOf(run, number, at, late[number % late.length], tracks);
      const header = headers?.[number % headers.length];
      if (header) init.moov = Buffer.from(header);
      start = at;
    }
    sample.file = `${run}/${init.number}.mp4`;
    written.push({ file: sample.file, init, sample });
  }
  return { run, written, footage, sound: heard, end };
}

/** @param sizes samples in each read, in turn */
export function readsOf({ written }: Ring, sizes: number[]): RingRead[] {
  const reads: RingRead[] = [];
  let left = 0;
  let turn = 0;
  for (const { file, init, sample } of written) {
    const last = reads.at(-1);
    if (last && last.file === file && left-- > 0) last.samples.push(sample);
    else {
      left = (sizes[turn++ % sizes.length] ?? 1) - 1;
      reads.push({ file, init, samples: [sample], ended: false });
    }
  }
  // A reader goes by tracks within what it has.
  for (const { samples } of reads) samples.sort((a, b) => a.track - b.track || a.dts - b.dts);
  return reads;
}

export function eventsOf(rings: Ring[], sizes = [40]): FootageEvent[] {
  const footage = new Footage();
  const events = rings.flatMap((ring) => readsOf(ring, sizes)).flatMap((read) => footage.push(read));
  return [...events, ...footage.end()];
}

export const only = <T extends FootageEvent['type']>(events: FootageEvent[], type: T) =>
  events.filter((event): event is Extract<FootageEvent, { type: T }> => event.type === type);

export const counters = (samples: Sample[]): number[] =>
  samples.filter(({ track }) => track === 1).map(({ offset }) => offset);

export const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 });

const scene = fc.record({
  slate: fc.boolean(),
  frames: fc.integer({ min: 1, max: 400 }),
  gop: fc.constantFrom(1, 10, 25, 100),
  parameters: fc.constantFrom('camera', 'camera', 'other'),
  holes: fc.dictionary(fc.integer({ min: 0, max: 400 }).map(String), fc.integer({ min: 14, max: 100 }), {
    maxKeys: 2,
  }) as fc.Arbitrary<Record<number, number>>,
  tail: fc.constantFrom(FRAME, 500, 7297, 30_000, 500_000),
});

/** One to three runs of anything that may happen. */
export const rings: fc.Arbitrary<Ring[]> = fc
  .array(
    fc.record({
      scenes: fc.array(scene, { minLength: 1, maxLength: 5 }),
      reorder: fc.constantFrom(0, 0, 2),
      skew: fc.constantFrom(undefined, -0.4, 0, 0.3, 1.2),
      late: fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), { minLength: 1, maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => {
    let first = 1;
    return all.map((options, index) => {
      const ring = ringOf({ ...options, run: `run-${index}`, first });
      first += ring.footage.length;
      return ring;
    });
  });
