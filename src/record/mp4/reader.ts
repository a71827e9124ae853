/**
 * One file of the ring while the server still writes it. Only headers of boxes, descriptions of parts and the first bytes
 * of key frames are read. A part that isn't whole yet isn't there yet.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Init, Sample, TrackInit } from '../types.ts';
import { boxHeader, LONGEST_HEADER } from './boxes.ts';
import { type FragmentSample, parseFragment, type TrackFragment } from './fragment.ts';
import { type Defaults, defaultsOf, durationPlace, parseInit } from './init.ts';
import { openRegular, readAt } from './open.ts';
import { HEAD_BYTES, inspectKey } from './parameters.ts';
import type { Timeline } from './timeline.ts';

/** Enough for the description of a part, and often for the key frame that it begins with. */
const WINDOW = 8 * 1024;
/** Headers and descriptions that are longer aren't real, and are never taken into memory. */
const LONGEST_BOX = 4 * 1024 * 1024;

export interface FileRead {
  samples: Sample[];
  /** The server wrote the duration: its last act. */
  closed: boolean;
  /** Nothing lies behind the last whole part. */
  whole: boolean;
}

export class RingFile {
  readonly path: string;
  /** Of the whole file at the last look. */
  bytes = 0;
  /** Given so far. */
  samples = 0;
  /** Where it ends on the timeline of its run, in ticks of its first track. */
  endDts: number | undefined;
  #init: Init | undefined;
  #handle: FileHandle | undefined;
  /** Where the first part begins that wasn't read. */
  #next = 0;
  /** Of whole parts, not given yet: an error came in the way. */
  #found: Sample[] = [];
  #defaults: Map<number, Defaults> = new Map();
  /** A part contradicts itself: what follows can't be trusted. */
  #broken = false;

  constructor(path: string) {
    this.path = path;
  }

  get init(): Init | undefined {
    return this.#init;
  }

  /** Reads the header if it is there. false: this is no regular file. */
  async begin(): Promise<boolean> {
    const handle = await this.#open();
    if (handle === undefined) return false;
    this.bytes = (await handle.stat()).size;
    if (this.#init !== undefined) return true;
    const end = await endOf(handle, this.bytes, 'moov');
    if (end === undefined) return true;
    this.#init = parseInit(await readAt(handle, 0, end));
    if (this.#init === undefined) return true;
    this.#next = end;
    this.#defaults = defaultsOf(this.#init.moov);
    return true;
  }

  /** What came since the last time, each part once, whatever fails. Not before the header was found. */
  async read(timeline: Timeline): Promise<FileRead> {
    const init = this.#init;
    const handle = init && (await this.#open());
    if (init === undefined || handle === undefined) return { samples: [], closed: false, whole: false };
    // First of all, because everything else was written before it.
    const closed = await this.#duration(handle, init);
    this.bytes = (await handle.stat()).size;
    const window = new Window(handle, this.bytes);
    let moof: { at: number; bytes: Buffer } | undefined;
    for (let at = this.#next; !this.#broken; ) {
      const header = boxHeader(await window.view(at, LONGEST_HEADER), 0);
      if (header === undefined || at + header.size > this.bytes) break;
      const end = at + header.size;
      if (header.type === 'moof') {
        if (header.size > LONGEST_BOX) this.#broken = true;
        else moof = { at, bytes: await window.view(at, header.size) };
      } else if (header.type === 'mdat' && moof !== undefined) {
        const fragments = parseFragment(moof.bytes, moof.at, this.#defaults);
        if (fragments === undefined || !within(fragments, at + header.header, end)) this.#broken = true;
        else {
          const keys = await this.#keys(init, fragments, window);
          // Nothing is waited for from here on: a part is taken as a whole.
          for (const fragment of fragments) this.#take(init, fragment, timeline, keys);
          moof = undefined;
        }
      }
      at = end;
      if (moof === undefined && !this.#broken) this.#next = at;
    }
    const samples = this.#found;
    this.#found = [];
    this.samples += samples.length;
    return { samples, closed, whole: this.#next === this.bytes };
  }

  /** It may be read again afterwards: it is opened again then. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    // Nothing was written to it, so nothing is lost.
    await handle?.close().catch(() => {});
  }

  async #open(): Promise<FileHandle | undefined> {
    this.#handle ??= await openRegular(this.path);
    return this.#handle;
  }

  async #duration(handle: FileHandle, init: Init): Promise<boolean> {
    const place = durationPlace(init.moov);
    if (place === undefined) return false;
    const bytes = await readAt(handle, init.ftyp.length + place.at, place.bytes);
    return bytes.some((byte) => byte !== 0);
  }

  /** What the key frames of a part say. */
  async #keys(init: Init, fragments: readonly TrackFragment[], window: Window): Promise<Keys> {
    const keys: Keys = new Map();
    for (const { track: id, samples } of fragments) {
      const track = init.tracks.find((candidate) => candidate.id === id);
      if (track?.kind !== 'video') continue;
      for (const sample of samples) {
        if (!sample.key) continue;
        const head = await window.view(sample.offset, Math.min(sample.size, HEAD_BYTES));
        keys.set(sample, inspectKey(track, head));
      }
    }
    return keys;
  }

  #take(init: Init, fragment: TrackFragment, timeline: Timeline, keys: Keys): void {
    const track = init.tracks.find((candidate) => candidate.id === fragment.track);
    if (track === undefined) return;
    let dts = timeline.place(init, track, fragment.base);
    for (const found of fragment.samples) {
      const { offset, size, duration, key } = found;
      const sample: Sample = {
        track: track.id,
        dts,
        pts: dts + found.shift,
        duration,
        key,
        file: this.path,
        offset,
        size,
      };
      const seen = keys.get(found);
      if (seen) {
        if (seen.parameters !== undefined) sample.parameters = seen.parameters;
        sample.slate = seen.slate;
      }
      this.#found.push(sample);
      dts += duration;
    }
    timeline.ended(track.id, dts);
    this.#reaches(init, track, dts);
  }

  #reaches(init: Init, track: TrackInit, dts: number): void {
    const end = Math.ceil((dts * init.tracks[0]!.timescale) / track.timescale);
    this.endDts = Math.max(this.endDts ?? end, end);
  }
}

type Keys = Map<FragmentSample, ReturnType<typeof inspectKey>>;

/** A stretch of the file in memory, so that neighbours cost one read. */
class Window {
  readonly #handle: FileHandle;
  readonly #size: number;
  #at = 0;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  /** Fewer bytes at the end of the file. */
  async view(at: number, length: number): Promise<Buffer> {
    const end = Math.min(at + length, this.#size);
    if (at < this.#at || end > this.#at + this.#bytes.length) {
      const want = Math.min(Math.max(length, WINDOW), this.#size - at);
      this.#bytes = want > 0 ? await readAt(this.#handle, at, want) : Buffer.alloc(0);
      this.#at = at;
    }
    return this.#bytes.subarray(at - this.#at, Math.max(end - this.#at, 0));
  }
}

/** Where the first box of a type ends that stands at the top of a file; undefined while it isn't whole. */
async function endOf(handle: FileHandle, size: number, type: string): Promise<number | undefined> {
  for (let at = 0; ; ) {
    const header = boxHeader(await readAt(handle, at, LONGEST_HEADER), 0);
    if (header === undefined || at + header.size > size || at + header.size > LONGEST_BOX) return undefined;
    at += header.size;
    if (header.type === type) return at;
  }
}

function within(fragments: readonly TrackFragment[], from: number, to: number): boolean {
  return fragments.every((fragment) =>
    fragment.samples.every((sample) => sample.offset >= from && sample.offset + sample.size <= to),
  );
}
