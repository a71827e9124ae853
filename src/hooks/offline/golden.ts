/** Golden runs: what each frame was once, and what it is now, with pictures to look at. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf, RelayError } from '../../errors.ts';
import type { LibavPicture } from '../libav/picture.ts';
import { PngMaker } from '../libav/png.ts';
import { TICKS } from '../timeline.ts';
import type { FrameDifference, GoldenResult } from './job.ts';
import { differences, type FrameRecord, fromLines, toLines } from './records.ts';
import { Sampler } from './sampler.ts';

/** Of frames.jsonl and meta.json. */
const VERSION = 1;
const FRAMES = 'frames.jsonl';
const META = 'meta.json';
/** Pictures kept of a golden run, frames listed that differ, and pictures of those. */
const SAMPLES = 5;
const LISTED = 5;
const PICTURES = 3;

interface Meta {
  version: number;
  clip: string;
  hook: string;
  frames: number;
}

/** What a run is compared with, or becomes. */
export interface Golden {
  /** A picture before the encoder. */
  picture(picture: LibavPicture, record: FrameRecord): void;
  /** @param records of all frames, in order */
  finish(records: FrameRecord[]): GoldenResult;
}

interface About {
  clip: string;
  hook: string;
}

export function updateGolden(dir: string, about: About): Golden {
  const png = new PngMaker();
  const sampler = new Sampler<{ sequence: number; bytes: Buffer }>(SAMPLES);
  return {
    picture({ frame }, { sequence }) {
      sampler.offer(() => ({ sequence, bytes: png.make(frame) }));
    },
    finish(records) {
      mkdirSync(dir, { recursive: true });
      removePictures(dir, /^(expected|actual)-\d+\.png$/);
      for (const { sequence, bytes } of sampler.kept) writeFileSync(join(dir, expectedName(sequence)), bytes);
      const meta: Meta = { version: VERSION, ...metaOf(about), frames: records.length };
      write(join(dir, META), `${JSON.stringify(meta, null, 2)}\n`);
      write(join(dir, FRAMES), toLines(records));
      return { dir, frames: records.length, updated: true, differing: 0, first: [], notes: [] };
    },
  };
}

/** @throws RelayError when there is nothing to compare with */
export function compareGolden(dir: string, about: About): Golden {
  const { expected, notes } = read(dir, about);
  const png = new PngMaker();
  const pictures = new Map<number, string>();
  removePictures(dir, /^actual-\d+\.png$/);
  return {
    picture({ frame }, record) {
      if (expected.get(record.sequence)?.sha256 === record.sha256) return;
      const expectedFile = join(dir, expectedName(record.sequence));
      if (pictures.size >= PICTURES && !existsSync(expectedFile)) return;
      const file = join(dir, `actual-${record.sequence}.png`);
      writeFileSync(file, png.make(frame));
      pictures.set(record.sequence, file);
    },
    finish(records) {
      const actual = new Map(records.map((record) => [record.sequence, record]));
      const sequences = [...new Set([...expected.keys(), ...actual.keys()])].sort((a, b) => a - b);
      const differing = sequences.flatMap((sequence): FrameDifference[] => {
        const [was, is] = [expected.get(sequence), actual.get(sequence)];
        const what = differences(was, is);
        if (what.length === 0) return [];
        const picture = pictures.get(sequence);
        const before = join(dir, expectedName(sequence));
        const shown = picture && { actual: picture, ...(existsSync(before) && { expected: before }) };
        const time = ((is ?? was)?.pts ?? 0) / TICKS;
        return [{ sequence, time, what, ...(shown && { pictures: shown }) }];
      });
      const first = differing.slice(0, LISTED);
      return { dir, frames: expected.size, updated: false, differing: differing.length, first, notes };
    },
  };
}

function read(dir: string, about: About): { expected: Map<number, FrameRecord>; notes: string[] } {
  const refuse = (why: string): RelayError =>
    new RelayError('RELAY_USAGE', `${dir} holds no golden run: ${why}`, { hint: '--update writes one' });
  const file = join(dir, FRAMES);
  if (!existsSync(file)) throw refuse(`there is no ${FRAMES}`);
  try {
    const meta = JSON.parse(readFileSync(join(dir, META), 'utf8')) as Partial<Meta>;
    if (meta.version !== VERSION) throw new Error(`${META} is of version ${meta.version}, not ${VERSION}`);
    const expected = fromLines(readFileSync(file, 'utf8'));
    const now = metaOf(about);
    const notes = (['clip', 'hook'] as const).flatMap((key) =>
      meta[key] === now[key] ? [] : [`the golden run was made with the ${key} ${meta[key]}, not ${now[key]}`],
    );
    return { expected, notes };
  } catch (error) {
    throw refuse(messageOf(error));
  }
}

const metaOf = ({ clip, hook }: About): About => ({ clip: basename(clip), hook });

const expectedName = (sequence: number): string => `expected-${sequence}.png`;

function removePictures(dir: string, names: RegExp): void {
  if (!existsSync(dir)) return;
  for (const name of readdirSync(dir)) if (names.test(name)) rmSync(join(dir, name), { force: true });
}

function write(file: string, text: string): void {
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
}
