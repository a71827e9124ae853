/**
 * What happened on a recorded path, from the files of its ring: takes, their samples and their ends, in order of time.
 *
 * The leading track says what is footage (lead.ts). Sound goes by time: it waits until the picture has come as far,
 * and is given to the take that was on. The picture waits for the sound too, but not for long, so that whoever
 * listens has everything up to a moment when that moment comes, in whatever pieces the ring was read.
 */
import { Anchor } from './anchor.ts';
import { type EndWhy, Lead, type Mark } from './lead.ts';
import { leadOf } from './tracks.ts';
import type { Init, RingRead, Sample, Take, TrackInit } from './types.ts';

/** Times in ticks of the leading track. */
export type FootageEvent =
  /** A file of the ring: its header may be what a cut needs. */
  | { type: 'init'; init: Init }
  | { type: 'take'; take: Take; dts: number; pts: number }
  /** Of the take that is open. */
  | { type: 'sample'; take: Take; sample: Sample }
  /** Within a take: its end and the next beginning say the same of a hole between two. */
  | { type: 'hole'; take: Take; from: number; to: number; frames: number }
  | TakeEnd;

export interface TakeEnd {
  type: 'end';
  take: Take;
  /** Decode time where the last sample ends, and presentation time where the last picture does. */
  endDts: number;
  endPts: number;
  /** Usual duration of a picture. */
  frame: number;
  why: EndWhy;
  /** false: the file breaks off in the middle of a part. */
  complete: boolean;
}

/** Seconds that the sound may come after its picture. */
const LATE = 2;
/** Seconds of sound that wait for a picture which does not come. */
const HOLD = 10;

/** Seconds: the server begins sound and picture of its slate at one time, but for what it needs to say so. */
const AT_ONCE = 0.002;
/** Bytes: coded silence of the slate, as AAC or Opus, is less. */
const SILENCE = 8;

interface Follower {
  timescale: number;
  queue: Sample[];
  /** Decode time of the last sample that was given, and from the one before to it: ticks. */
  last: number;
  step: number;
  /** Seconds: all before has come. */
  reached: number;
}

interface Run {
  id: string;
  leader: TrackInit;
  lead: Lead;
  followers: Map<number, Follower>;
  marks: Mark[];
  files: { file: string; init: Init; at: number; counted: boolean }[];
  /** Seconds of the newest sample of all. */
  newest: number;
  takes: number;
  take: { take: Take; from: number; anchor: Anchor } | undefined;
  cut: boolean;
}

export class Footage {
  #run: Run | undefined;
  #events: FootageEvent[] = [];

  push(read: RingRead): FootageEvent[] {
    if (this.#run?.id !== read.init.run) {
      this.#flush('run');
      this.#run = begin(read.init);
    }
    if (this.#run) this.#read(this.#run, read);
    return this.#given();
  }

  /** The wall clock was set: a take that goes on goes by the new one. */
  step(by: number): void {
    this.#run?.take?.anchor.step(by);
  }

  /** Nothing more is waited for. What comes later begins a take of its own. */
  end(): FootageEvent[] {
    this.#flush('end');
    return this.#given();
  }

  #read(run: Run, { file, init, samples, ended }: RingRead): void {
    if (run.files.at(-1)?.file !== file) {
      run.files.push({ file, init, at: Number(init.dts) / 1e9, counted: false });
      this.#events.push({ type: 'init', init });
    }
    run.cut = ended === 'cut';
    for (const sample of samples) {
      const follower = run.followers.get(sample.track);
      const at = sample.dts / (follower ?? run.leader).timescale;
      if (follower) {
        follower.queue.push(sample);
        follower.reached = Math.max(follower.reached, at);
      } else if (sample.track === run.leader.id) run.marks.push(...run.lead.push(sample));
      else continue;
      run.newest = Math.max(run.newest, at);
    }
    this.#release(run, run.newest - LATE);
    forget(run);
  }

  #flush(why: EndWhy): void {
    const run = this.#run;
    if (!run) return;
    run.marks.push(...run.lead.end(why));
    this.#release(run, Number.POSITIVE_INFINITY);
  }

  /** @param patience up to this moment no sound is waited for */
  #release(run: Run, patience: number): void {
    const followers = [...run.followers.values()];
    const complete = Math.max(patience, Math.min(...followers.map(({ reached }) => reached)));
    const count = run.marks.findIndex(({ at }) => at > complete);
    for (const mark of run.marks.splice(0, count < 0 ? run.marks.length : count)) {
      for (const follower of followers) this.#sound(run, follower, mark);
      this.#happen(run, mark);
    }
  }

  #sound(run: Run, follower: Follower, mark: Mark): void {
    const { queue, timescale } = follower;
    const slate = mark.type === 'end' && mark.why === 'slate' ? mark.at - AT_ONCE : Number.POSITIVE_INFINITY;
    let count = 0;
    for (const sample of queue) {
      const at = sample.dts / timescale;
      const step = sample.dts - follower.last;
      // Near the slate's beginning: the slate's, unless it is more than silence and stands where the sound before it ends.
      const follows = sample.size > SILENCE && Math.abs(step - follower.step) <= (AT_ONCE / 4) * timescale;
      if (at >= mark.at || (at >= slate && !follows)) break;
      count++;
      follower.last = sample.dts;
      follower.step = step;
      // What came much too late may be of a take that is over.
      if (run.take && at >= run.take.from) this.#events.push({ type: 'sample', take: run.take.take, sample });
    }
    queue.splice(0, count);
  }

  #happen(run: Run, mark: Mark): void {
    if (mark.type === 'take') this.#begin(run, mark.sample);
    if (!run.take) return;
    const { take, from, anchor } = run.take;
    for (const each of mark.type === 'end' ? [] : run.files) {
      if (each.at > mark.at) break;
      if (!each.counted && each.at >= from) anchor.add(each.init);
      each.counted = true;
    }
    take.anchor = anchor.value;
    if (mark.type === 'sample') {
      while (run.files[0]?.counted && run.files[0].file !== mark.sample.file) run.files.shift();
      this.#events.push({ type: 'sample', take, sample: mark.sample });
    } else if (mark.type === 'hole') {
      this.#events.push({ type: 'hole', take, from: mark.from, to: mark.to, frames: mark.frames });
    } else if (mark.type === 'end') {
      const { endDts, endPts, frame, why } = mark;
      const complete = !(why === 'run' && run.cut);
      this.#events.push({ type: 'end', take, endDts, endPts, frame, why, complete });
      run.take = undefined;
    }
  }

  #begin(run: Run, { file, dts, pts }: Sample): void {
    const init = run.files.find((each) => each.file === file)?.init;
    if (!init) return;
    const anchor = new Anchor(init);
    const take = { run: run.id, number: run.takes++, init, anchor: anchor.value };
    run.take = { take, from: dts / run.leader.timescale, anchor };
    this.#events.push({ type: 'take', take, dts, pts });
  }

  #given(): FootageEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

function begin(init: Init): Run | undefined {
  const leader = leadOf(init);
  if (!leader) return undefined;
  const follower = ({ timescale }: TrackInit): Follower => ({
    timescale,
    queue: [],
    last: Number.NEGATIVE_INFINITY,
    step: 0,
    reached: Number.NEGATIVE_INFINITY,
  });
  const others = init.tracks.filter((track) => track !== leader);
  return {
    id: init.run,
    leader,
    lead: new Lead(leader.timescale, leader.kind === 'audio'),
    followers: new Map(others.map((track) => [track.id, follower(track)])),
    marks: [],
    files: [],
    newest: Number.NEGATIVE_INFINITY,
    takes: 0,
    take: undefined,
    cut: false,
  };
}

/** Where no picture comes (the slate, or a camera that only hears) nothing piles up. */
function forget(run: Run): void {
  if (run.marks.length > 0) return;
  if (!run.take) run.files.splice(0, run.files.length - 1);
  const hold = Math.max(HOLD, (4 * (run.lead.usual ?? 0)) / run.leader.timescale);
  for (const { queue, timescale } of run.followers.values()) {
    const kept = queue.findIndex(({ dts }) => dts / timescale >= run.newest - hold);
    queue.splice(0, kept < 0 ? queue.length : kept);
  }
}
