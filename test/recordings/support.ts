/** A recording as the recorder would have left it, made of a clip whose every frame and sound can be recognised. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { RingFile } from '../../src/record/mp4/reader.ts';
import { Timeline } from '../../src/record/mp4/timeline.ts';
import { writeFragmented } from '../../src/record/mp4/writer.ts';
import { leadOf } from '../../src/record/tracks.ts';
import type { Entry, Sample, SegmentEntry } from '../../src/record/types.ts';
import type { Recording } from '../../src/recordings/places.ts';

const exec = promisify(execFile);

/** Unix seconds of the first picture. */
export const BEGIN = 1_795_284_500;

export interface Take {
  clip: string;
  /** Key frames at these seconds of the clip. */
  from: number;
  to: number;
  /** Unix seconds of `from`; as in the clip before unless told. */
  at?: number;
  run?: string;
}

export interface RecordingOptions {
  takes: Take[];
  /** Seconds. */
  every?: number;
  format?: 'mp4' | 'mkv' | 'ts';
}

/** Gaps between takes are in the ledger. */
export async function makeRecording(
  dir: string,
  options: RecordingOptions,
): Promise<Recording & { entries: Entry[] }> {
  const { takes, every = 2, format = 'mp4' } = options;
  const recording: Recording = { route: 'cam/left', kind: 'segments', dir };
  const entries: Entry[] = [];
  let seq = 0;
  let ended: number | undefined;
  mkdirSync(dir, { recursive: true });
  for (const take of takes) {
    const fragments = join(dir, 'fragments.mp4');
    const ring = await fragment(take.clip, fragments);
    const { init, samples } = ring;
    const lead = leadOf(init)!;
    const own = samples.filter(({ track }) => track === lead.id);
    const firstPts = Math.min(...own.map(({ pts }) => pts));
    const scale = lead.timescale;
    const tick = (seconds: number) => Math.round(seconds * scale) + own[0]!.dts;
    const wall = (pts: number) => (take.at ?? BEGIN + take.from) + (pts - firstPts) / scale - take.from;
    const keys = own.filter(({ key, dts }) => key && dts >= tick(take.from) - 2 && dts < tick(take.to) - 2);
    const ends =
      own.find(({ dts }) => dts >= tick(take.to) - 2)?.dts ?? own.at(-1)!.dts + own.at(-1)!.duration;
    const starts: Sample[] = [];
    for (const key of keys)
      if (starts.length === 0 || key.dts >= starts.at(-1)!.dts + every * scale - 2) starts.push(key);
    for (const [index, start] of starts.entries()) {
      const endDts = starts[index + 1]?.dts ?? ends;
      const inside = samples.filter(({ track, dts }) => {
        const ticks = init.tracks.find(({ id }) => id === track)!.timescale;
        return dts / ticks >= start.dts / scale && dts / ticks < endDts / scale;
      });
      const pictures = inside.filter(({ track }) => track === lead.id);
      const pts = pictures.map((sample) => sample.pts);
      const path = `${String(seq).padStart(3, '0')}.${format}`;
      const entry: SegmentEntry = {
        type: 'segment',
        path,
        seq: seq++,
        from: micro(wall(Math.min(...pts))),
        to: micro(wall(Math.max(...pictures.map((sample) => sample.pts + sample.duration)))),
        run: take.run ?? 'one',
        dts: start.dts,
        endDts,
        firstPts: Math.min(...pts),
        lastPts: Math.max(...pts),
        timescale: scale,
        frames: pictures.length,
        bytes: 0,
        complete: true,
      };
      const file = join(dir, path);
      const made = format === 'mp4' ? file : `${file}.mp4`;
      const handle = await open(made, 'w+');
      const meta = { v: 1, route: recording.route, ...entry };
      const origin = start.dts / scale;
      await writeFragmented(handle, { init, samples: inside, origin, meta });
      await handle.close();
      if (made !== file) {
        const copy = ['-map', '0', '-c', 'copy', '-copyts', '-avoid_negative_ts', 'make_zero'];
        await exec('ffmpeg', ['-v', 'error', '-i', made, ...copy, file]);
        await rm(made);
      }
      const probe = await open(file);
      entry.bytes = (await probe.stat()).size;
      await probe.close();
      if (index === 0 && ended !== undefined && entry.from > ended + 0.05) {
        const frames = Math.round((entry.from - ended) * 25);
        entries.push({
          type: 'gap',
          from: ended,
          to: entry.from,
          cause: 'publisher',
          reason: 'unplugged',
          frames,
        });
      }
      entries.push(entry);
      ended = entry.to;
    }
    await rm(fragments);
  }
  writeLedger(recording, entries);
  return { ...recording, entries };
}

export function writeLedger({ dir, route }: Recording, entries: Entry[]): void {
  const name = `ledger-${new Date(BEGIN * 1000).toISOString().slice(0, 10)}.jsonl`;
  const file = join(dir, '.relay', 'segments', route.replaceAll('/', '~'), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

/** As one file of a ring. */
export async function fragment(clip: string, to: string) {
  const flags = '+empty_moov+default_base_moof+frag_keyframe+frag_discont';
  const times = ['-use_editlist', '0', '-avoid_negative_ts', 'make_non_negative'];
  const args = ['-map', '0', '-c', 'copy', ...times, '-video_track_timescale', '90000', '-movflags', flags];
  await exec('ffmpeg', ['-v', 'error', '-y', '-i', clip, ...args, to]);
  const ring = new RingFile(to);
  try {
    await ring.begin();
    const { samples } = await ring.read(new Timeline());
    return { init: ring.init!, samples };
  } finally {
    await ring.close();
  }
}

function micro(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
