/**
 * Whatever user code does, its route stays readable with unbroken sound, other routes notice nothing,
 * and nothing that it has started is left.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Misbehaviour } from '../fixtures/hooks/goes-wrong.ts';
import { type Clip, clip } from './support/clips.ts';
import type { Sound } from './support/decode.ts';
import { answering, figuresOf, fixture, type HookSetting, misbehaves } from './support/hooks.ts';
import { findGaps } from './support/measure.ts';
import { aliveWith, argvOf } from './support/proc.ts';
import { type Scope, scope, until } from './support/process.ts';
import { type Relay, startRelay, textOf } from './support/relay.ts';
import { longestHole, longestPause, type SteadyReader, startSteadyReader } from './support/steady-reader.ts';

/** A packet of AAC, and what RTMP rounds. */
const packet = 1024 / 48 + 2;

/** Milliseconds for which each route is watched. */
const watched = 10_000;

/** Seconds that a frame may take before the hook counts as hanging. */
const timeout = '500ms';

const ways: Record<Misbehaviour, HookSetting> = {
  throws: {},
  rejects: {},
  hangs: { timeout },
  never: { timeout },
  exits: {},
  segfaults: {},
  leaks: { memory: '200M' },
  forks: {},
};

interface Watched {
  relay: Relay;
  file: Clip;
  readers: Record<string, SteadyReader>;
}

/** These hooks, each on a route of its own with a reader, and beside them a route that does as it should. */
async function run(s: Scope, hooks: Record<string, HookSetting>): Promise<Watched> {
  const file = await clip({ seconds: 64, gop: 1 });
  // It waits for its hook: a frame that a busy machine makes late is nobody's fault, one that is lost would be.
  const all = { ...hooks, innocent: { module: fixture('identity.ts'), whenBehind: 'block' } };
  const routes = Object.entries(all).map(([name, hook]) => [name, { from: 'cam', hook }]);
  const relay = await startRelay(s, {
    sources: { cam: { file: file.file, loop: true } },
    routes: { ...Object.fromEntries(routes), copy: 'cam' },
  });
  const readers: Record<string, SteadyReader> = {};
  for (const name of [...Object.keys(all), 'copy']) {
    await relay.online(name);
    readers[name] = startSteadyReader(s, relay.rtmp(name));
  }
  for (const reader of Object.values(readers)) await reader.pictureAfter(0);
  return { relay, file, readers };
}

/** Arrivals of what is live: what was buffered for a reader that has just come is left out. */
function live<T extends { at: number }>(items: T[]): T[] {
  return items.filter(({ at }) => at >= items[0]!.at + 1000);
}

function judgeReader(t: Test, name: string, reader: SteadyReader): void {
  const pictures = live(reader.pictures());
  const sounds = live(reader.sounds());
  const [still, silent, hole] = [longestPause(pictures), longestPause(sounds), longestHole(sounds)];
  t.comment(
    `${name}: picture stood still for ${still.toFixed(0)} ms, sound for ${silent.toFixed(0)} ms, hole ${hole.toFixed(1)} ms`,
  );
  t.ok(reader.connected(), `${name}: the reader stayed`);
  t.ok(still <= 2000, `${name}: readable, or back within ${still.toFixed(0)} ms`);
  t.ok(sounds.length > 200 && hole <= packet, `${name}: sound without a hole (${hole.toFixed(1)} ms)`);
  t.ok(silent <= 1000, `${name}: sound flows (${silent.toFixed(0)} ms)`);
}

function judgeOthers(t: Test, { readers, file }: Watched): void {
  for (const name of ['innocent', 'copy']) {
    const reader = readers[name]!;
    t.same(findGaps(reader.pictures(), file.frames), [], `${name}: no frame is lost`);
    t.ok(longestHole(reader.sounds()) <= packet, `${name}: no sound is lost`);
  }
}

function loudest(sounds: Sound[]): number {
  return sounds.reduce((most, { samples }) => samples.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
}

async function judgeEnd(t: Test, { relay, readers }: Watched): Promise<void> {
  for (const reader of Object.values(readers)) await reader.stop();
  await relay.stop();
  const left = aliveWith(relay.marker).map((pid) => argvOf(pid).join(' '));
  t.same(left, [], 'no process is left');
}

const groups: Misbehaviour[][] = [
  ['throws', 'rejects', 'never', 'exits'],
  ['hangs', 'segfaults', 'leaks', 'forks'],
];

for (const group of groups) {
  t.test(`a hook that ${group.join(', ')}`, async (t) => {
    const s = scope(t);
    const seen = await run(s, Object.fromEntries(group.map((how) => [how, misbehaves(how, ways[how])])));
    const end = performance.now() + watched;
    for (const reader of Object.values(seen.readers)) await reader.pictureAfter(end, watched + 20_000);
    for (const how of group) {
      judgeReader(t, how, seen.readers[how]!);
      // onError is pass: what the hook fails on is shown as it came.
      if (how !== 'forks') {
        const { errors, restarts, lastError } = await figuresOf(seen.relay, how);
        t.ok(
          errors + restarts > 0,
          `${how}: counted: ${errors} errors, ${restarts} restarts, "${lastError}"`,
        );
      }
    }
    judgeOthers(t, seen);
    await judgeEnd(t, seen);
  });
}

t.test('what viewers see of a hook that fails is said by onError', async (t) => {
  const s = scope(t);
  const bad = join(s.dir, 'bad');
  const seen = await run(s, {
    held: misbehaves('throws', { onError: 'hold' }, bad),
    stopped: misbehaves('throws', { onError: 'stop' }, bad),
  });
  const { relay, readers } = seen;
  const [held, stopped] = [readers['held']!, readers['stopped']!];
  await Promise.all([answering(relay, 'held'), answering(relay, 'stopped')]);
  const wrong = performance.now();
  await held.pictureAfter(wrong + 1500);
  writeFileSync(bad, '');
  await until(() => performance.now() - stopped.pictures().at(-1)!.at > 2000, { what: 'nothing to come' });
  const muted = performance.now();
  await held.pictureAfter(muted);
  rmSync(bad);
  const back = await stopped.pictureAfter(muted);
  await held.pictureAfter(back.at + 1500);

  judgeReader(t, 'hold', held);
  const numbers = held.pictures(muted - 1000, muted).map(({ counter }) => counter);
  t.ok(numbers.length > 15, `hold: the picture goes on (${numbers.length})`);
  t.equal(new Set(numbers).size, 1, 'hold: and is always the same one');
  // The server shows its slate, with silence: a beep a second would be ours.
  const heard = loudest(stopped.sounds(muted - 1500, muted));
  t.ok(heard < 100, `stop: no sound without the picture (${heard})`);
  t.ok(loudest(stopped.sounds(back.at)) > 1000, 'stop: and both together again');
  t.ok(stopped.connected(), 'stop: the reader stays');
  judgeOthers(t, seen);
  await judgeEnd(t, seen);
});

t.test('what a hook has started ends with the hook', async (t) => {
  const s = scope(t);
  const { file } = await clip({ seconds: 64, gop: 1 });
  const sources = { cam: { file, loop: true } };
  const relay = await startRelay(s, {
    sources,
    routes: { copy: 'cam', forks: { from: 'cam', hook: misbehaves('forks') } },
  });
  const sleepers = (): number[] => aliveWith(relay.marker).filter((pid) => argvOf(pid)[0] === 'sleep');
  await until(() => sleepers().length > 2, { timeout: 20_000, what: 'the hook to fork' });
  relay.write(textOf({ sources, routes: { copy: 'cam' } }, relay.ports));
  await relay.reload();
  await until(() => sleepers().length === 0, { timeout: 10_000, what: 'its children to end' });
  await relay.stop();
  t.same(aliveWith(relay.marker), [], 'no process is left');
});
