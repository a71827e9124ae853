/** Judges a stream by what comes out of it: how far sound is from picture, and which frames are there. */
import { COUNTER_MODULO } from './counter.ts';
import { decode, type Picture, type Sound } from './decode.ts';
import type { Scope } from './process.ts';

export interface MeasureOptions {
  url: string;
  /** Media seconds to look at; a file may end earlier. */
  seconds?: number;
  inputArgs?: string[];
  /** Milliseconds until the first picture and sound must be there. */
  patience?: number;
  /** Frames may be missing: flashes don't count whose first picture may be one of them. */
  lossy?: boolean;
}

export interface Pair {
  /** Seconds since the first picture. */
  at: number;
  /** Beep onset minus flash onset: negative when the sound is early. */
  ms: number;
}

export interface Offset {
  pairs: Pair[];
  /** NaN without a pair. */
  medianMs: number;
  /** The pair that is farthest from zero. */
  worstMs: number;
  frames: number;
  /** Media time of the first picture and of the first sound, seconds. */
  first: { picture: number; sound: number };
}

const FLASH_LUMA = 190;
/** Of the loudest sample; a sine of 1 kHz gets there 0.06 ms after its start. */
const BEEP_LEVEL = 0.35;
const SILENCE_SECONDS = 0.03;

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Media times at which the picture turns white; `lossy`: only where the picture before it is there. */
export function flashOnsets(pictures: Pick<Picture, 'pts' | 'luma' | 'counter'>[], lossy = false): number[] {
  const onsets: number[] = [];
  let dark = false;
  let before: number | null = null;
  for (const picture of pictures) {
    const white = picture.luma > FLASH_LUMA && picture.counter !== null;
    const next = before !== null && picture.counter === before + 1;
    if (white && dark && (next || !lossy)) onsets.push(picture.pts);
    dark = !white;
    before = picture.counter;
  }
  return onsets;
}

/** Media times at which sound begins after silence, exact to a sample. */
export function beepOnsets(sounds: Pick<Sound, 'pts' | 'rate' | 'samples'>[]): number[] {
  let peak = 0;
  for (const { samples } of sounds) for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  const level = peak * BEEP_LEVEL;
  if (peak < 1000) return [];
  const onsets: number[] = [];
  // What comes before the first sample is not known to be silence.
  let silent = 0;
  for (const { pts, rate, samples } of sounds) {
    for (let index = 0; index < samples.length; index += 1) {
      if (Math.abs(samples[index]!) < level) silent += 1;
      else {
        if (silent > SILENCE_SECONDS * rate) onsets.push(pts + index / rate);
        silent = 0;
      }
    }
  }
  return onsets;
}

/** Each flash with the beep that is nearest to it, when it is nearer than half a period. */
export function pairUp(flashes: number[], beeps: number[], origin: number): Pair[] {
  const steps = flashes.slice(1).map((flash, index) => flash - flashes[index]!);
  const reach = steps.length === 0 ? 0.5 : median(steps) / 2;
  return flashes.flatMap((flash) => {
    const nearest = Math.min(...beeps.map((beep) => Math.abs(beep - flash)));
    const beep = beeps.find((one) => Math.abs(one - flash) === nearest);
    return beep === undefined || nearest >= reach ? [] : [{ at: flash - origin, ms: (beep - flash) * 1000 }];
  });
}

/** Reads pictures and sound of `seconds` of media. */
async function collect(
  s: Scope,
  options: MeasureOptions & { tracks?: 'video' | 'both'; frames?: number },
): Promise<{ pictures: Picture[]; sounds: Sound[] }> {
  const {
    url,
    seconds = 20,
    patience = 20_000,
    tracks = 'both',
    frames = Number.POSITIVE_INFINITY,
  } = options;
  const pictures: Picture[] = [];
  const sounds: Sound[] = [];
  let done = (): void => {};
  const enough = new Promise<void>((resolve) => {
    done = resolve;
  });
  const full = (items: { pts: number; at: number }[]): boolean => {
    const first = items[0];
    const last = items.at(-1);
    return first !== undefined && last !== undefined && last.pts - first.pts >= seconds;
  };
  const check = (): void => {
    if (pictures.length >= frames || (full(pictures) && (tracks === 'video' || full(sounds)))) done();
  };
  const child = decode(s, {
    url,
    tracks,
    ...(options.inputArgs === undefined ? {} : { inputArgs: options.inputArgs }),
    onPicture: (picture) => {
      pictures.push(picture);
      check();
    },
    onSound: (sound) => {
      sounds.push(sound);
      check();
    },
  });
  const timer = setTimeout(done, patience + (Number.isFinite(seconds) ? seconds : 3600) * 1000);
  await Promise.race([enough, child.exited]);
  clearTimeout(timer);
  await child.stop(500);
  if (pictures.length === 0) throw new Error(`no picture came from ${url}: ${child.output().slice(-1500)}`);
  return { pictures, sounds };
}

/** How far the sound is from the picture, for a stream that plays a flash-and-beep clip. */
export async function measureOffset(s: Scope, options: MeasureOptions): Promise<Offset> {
  const { pictures, sounds } = await collect(s, options);
  const origin = pictures[0]!.pts;
  const pairs = pairUp(flashOnsets(pictures, options.lossy), beepOnsets(sounds), origin);
  const offsets = pairs.map((pair) => pair.ms);
  return {
    pairs,
    medianMs: median(offsets),
    worstMs: offsets.reduce(
      (worst, one) => (Math.abs(one) > Math.abs(worst) ? one : worst),
      offsets[0] ?? Number.NaN,
    ),
    frames: pictures.length,
    first: { picture: origin, sound: sounds[0]?.pts ?? Number.NaN },
  };
}

/** The numbers of the frames that a reader gets, with their times. */
export async function readCounters(
  s: Scope,
  options: MeasureOptions & { frames?: number },
): Promise<Picture[]> {
  return (await collect(s, { ...options, tracks: 'video' })).pictures;
}

export interface Gap {
  /** The last frame before it. */
  after: number;
  /** Frames that are not there; negative when the numbers go back. */
  missing: number;
}

/**
 * Where numbers are missing or come twice. `loop`: frames of the clip, when it is played in a loop.
 * Pictures without a number are passed over.
 */
export function findGaps(pictures: Pick<Picture, 'counter'>[], loop = COUNTER_MODULO): Gap[] {
  const numbers = pictures.flatMap(({ counter }) => (counter === null ? [] : [counter]));
  return numbers.slice(1).flatMap((number, index) => {
    const before = numbers[index]!;
    const step = (number - before + loop) % loop;
    if (step === 1) return [];
    return [{ after: before, missing: step > loop / 2 ? step - loop - 1 : step - 1 }];
  });
}
