/**
 * A hook that is slower than the stream costs frames, never time; one that is faster sees every frame once, in order.
 * The numbers burnt into the clip tell which frames came.
 *
 * `RELAY_LONG=1`: 5 minutes and 720p instead of 20 s and 360p, 10 minutes for the fast one.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Noted } from '../fixtures/hooks/watch.ts';
import { type Clip, clip } from './support/clips.ts';
import { answering, figuresOf, notesOf, watching } from './support/hooks.ts';
import { findGaps, median } from './support/measure.ts';
import { aliveWith } from './support/proc.ts';
import { type Scope, scope, until } from './support/process.ts';
import { type Relay, startRelay } from './support/relay.ts';
import {
  delays,
  longestHole,
  type SteadyReader,
  startSteadyReader,
  unwound,
} from './support/steady-reader.ts';

const long = process.env['RELAY_LONG'] === '1';
const seconds = { slow: long ? 300 : 20, fast: long ? 600 : 20 };

/** A frame. */
const frame = 40;

/** A packet of AAC, and what RTMP rounds. */
const packet = 1024 / 48 + 2;

const made = (): Promise<Clip> => clip({ seconds: 64, gop: 1, size: long ? '1280x720' : '640x360' });

/** Lets the readers see this many seconds. */
async function watch(readers: SteadyReader[], howLong: number): Promise<void> {
  await until(
    () =>
      readers.every((reader) => {
        const pictures = reader.pictures();
        return pictures.length > 0 && pictures.at(-1)!.at - pictures[0]!.at >= howLong * 1000;
      }),
    { timeout: (howLong + 30) * 1000, every: 250, what: `${howLong} s of pictures` },
  );
}

function percentile(values: number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;
}

/** Latency in the last part of the run against that in the first, ms. */
function growth(reader: SteadyReader, file: Clip): number {
  // What was buffered for a reader that has just come is not yet live.
  const live = reader.pictures(reader.pictures()[0]!.at + 2000);
  const late = delays(live, file.frames, file.fps);
  const part = Math.floor(late.length / 5);
  return median(late.slice(-part)) - median(late.slice(0, part));
}

function judgeFlow(t: Test, name: string, reader: SteadyReader, file: Clip): void {
  const numbers = unwound(reader.pictures(), file.frames);
  t.ok(
    numbers.every((number, index) => index === 0 || number > numbers[index - 1]!),
    `${name}: never backwards, none twice`,
  );
  const hole = longestHole(reader.sounds());
  t.ok(reader.sounds().length > 0 && hole <= packet, `${name}: sound without a hole (${hole.toFixed(1)} ms)`);
  t.ok(reader.connected(), `${name}: connected all the time`);
  const grown = growth(reader, file);
  t.comment(`${name}: latency has changed by ${grown.toFixed(0)} ms`);
  t.ok(grown <= frame, `${name}: no later at the end than at the start (${grown.toFixed(0)} ms)`);
}

function judgeNotes(t: Test, name: string, notes: Noted[], ms: number): void {
  // The first may have waited for the start of the hook.
  const ages = notes.slice(2).map(({ age }) => age);
  const [usual, worst] = [percentile(ages, 0.95), Math.max(...ages)];
  t.comment(`${name}: ${notes.length} frames, age p50 ${median(ages)}, p95 ${usual}, worst ${worst} ms`);
  t.ok(usual <= 60, `${name}: the frame that the hook gets is ${usual} ms old`);
  t.ok(worst <= 120, `${name}: ${worst} ms at worst, on a machine that may be busy`);
  t.ok(
    notes.every(({ sequence }, index) => index === 0 || sequence > notes[index - 1]!.sequence),
    `${name}: shown in order`,
  );
  t.ok(notes.length > 0 && ages.length * ms > 1000, `${name}: it saw frames`);
}

async function run(
  s: Scope,
  file: Clip,
  routes: Record<string, Record<string, unknown>>,
  howLong: number,
): Promise<{ relay: Relay; readers: Record<string, SteadyReader> }> {
  const hooked = Object.entries(routes).map(([name, hook]) => [name, { from: 'cam', hook }]);
  const relay = await startRelay(s, {
    sources: { cam: { file: file.file, loop: true } },
    routes: Object.fromEntries(hooked),
  });
  const readers: Record<string, SteadyReader> = {};
  for (const name of Object.keys(routes)) {
    await relay.online(name);
    await answering(relay, name, 5);
  }
  for (const name of Object.keys(routes)) readers[name] = startSteadyReader(s, relay.rtmp(name));
  await watch(Object.values(readers), howLong);
  return { relay, readers };
}

t.test('a hook of 200 ms a frame on 25 frames a second', async (t) => {
  const s = scope(t);
  const file = await made();
  const notes = (name: string): string => join(s.dir, `${name}.jsonl`);
  const { relay, readers } = await run(
    s,
    file,
    {
      latest: { ...watching(notes('latest'), { ms: 200 }), whenBehind: 'latest' },
      blocking: { ...watching(notes('blocking'), { ms: 200, block: true }), whenBehind: 'latest' },
      overlay: { ...watching(notes('overlay'), { ms: 200 }), mode: 'overlay' },
    },
    seconds.slow,
  );
  for (const [name, reader] of Object.entries(readers)) {
    judgeFlow(t, name, reader, file);
    judgeNotes(t, name, notesOf(notes(name)), 200);
  }
  const { dropped, errors } = await figuresOf(relay, 'latest');
  t.ok(dropped > 0, `${dropped} drops are counted`);
  t.equal(errors, 0);
  const overlay = readers['overlay']!;
  t.same(findGaps(overlay.pictures(), file.frames), [], 'overlay: every frame is there');
  await relay.stop();
  t.same(aliveWith(relay.marker), [], 'no process is left');
});

t.test('a hook that is faster than the stream', async (t) => {
  const s = scope(t);
  const file = await made();
  const notes = join(s.dir, 'fast.jsonl');
  const { relay, readers } = await run(s, file, { fast: watching(notes) }, seconds.fast);
  judgeFlow(t, 'fast', readers['fast']!, file);
  t.same(findGaps(readers['fast']!.pictures(), file.frames), [], 'the viewer gets every frame');
  const seen = notesOf(notes);
  t.same(findGaps(seen, file.frames), [], 'and so does the hook');
  t.ok(seen.length >= seconds.fast * 25 && seen.every(({ counter }) => counter !== null));
  const { dropped, errors } = await figuresOf(relay, 'fast');
  t.same({ dropped, errors }, { dropped: 0, errors: 0 });
  await relay.stop();
  t.same(aliveWith(relay.marker), [], 'no process is left');
});
