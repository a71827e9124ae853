/** Verifying finds what is wrong with files and with what lies between them, and nothing where all is well. */
import {
  copyFileSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { printListing } from '../../src/commands/recordings-print.ts';
import type { Entry } from '../../src/record/types.ts';
import { listRecording } from '../../src/recordings/list.ts';
import type { Recording } from '../../src/recordings/places.ts';
import { type Verified, verifyRecording } from '../../src/recordings/verify.ts';
import { createTether } from '../../src/units/tether.ts';
import { clip } from '../e2e/support/clips.ts';
import { BEGIN, makeRecording, writeLedger } from './support.ts';

const tether = createTether();
t.teardown(() => tether.close());
const dir = t.testdir();
/** Files are not new any more by then. */
const now = () => Date.now() / 1000 + 3600;

async function made(name: string, format: 'mp4' | 'mkv' | 'ts' = 'mp4') {
  const { file } = await clip({ seconds: 14, bFrames: 2 });
  const takes = [
    { clip: file, from: 0, to: 6 },
    { clip: file, from: 8, to: 14 },
  ];
  return makeRecording(join(dir, name), { takes, format });
}

function verify(
  recording: Recording,
  fast = false,
  more: { signal?: AbortSignal; onProgress?: () => void } = {},
) {
  const { signal = new AbortController().signal, onProgress = () => {} } = more;
  const host = fast ? undefined : { ffmpeg: 'ffmpeg', tether, signal };
  return verifyRecording(recording, { span: {}, host, signal, now, onProgress });
}

const found = ({ problems }: Verified) => problems.map(({ file, what }) => `${file}: ${what}`);

t.test('all is well, in every format', async (t) => {
  for (const format of ['mp4', 'mkv', 'ts'] as const) {
    const recording = await made(`well-${format}`, format);
    const before = readdirSync(recording.dir, { recursive: true }).sort();
    for (const fast of [false, true]) {
      const done = await verify(recording, fast);
      t.match(done, { files: 6, of: 6, frames: 300, gaps: 1, problems: [], unknown: [], stopped: false });
    }
    t.same(readdirSync(recording.dir, { recursive: true }).sort(), before, 'nothing was written');
  }
});

t.test('files', async (t) => {
  const recording = await made('files');
  const file = (n: number): string => join(recording.dir, `00${n}.mp4`);
  const { size } = statSync(file(0));
  writeSync(openSync(file(0), 'r+'), Buffer.alloc(20, 0xa7), 0, 20, size >> 1);
  rmSync(file(1));
  truncateSync(file(2), statSync(file(2)).size - 1000);
  copyFileSync(file(3), join(recording.dir, 'copy.mp4'));
  writeFileSync(join(recording.dir, 'notes.txt'), 'mine');
  const done = await verify(recording);
  t.same(found(done), [
    '000.mp4: it does not decode',
    '001.mp4: the file is gone',
    '002.mp4: its end is missing',
  ]);
  t.notMatch(done.problems[0]!.seen, /@ 0x/);
  t.same(done.unknown, [{ path: 'copy.mp4', route: 'cam/left' }, { path: 'notes.txt' }]);
  t.same(found(await verify(recording, true)).slice(0, 2), [
    '001.mp4: the file is gone',
    '002.mp4: its end is missing',
  ]);
  const listing = await listRecording(recording, {});
  const { segments, summary } = listing;
  t.match(summary, { segments: 4, frames: 200, missing: 1, changed: 1 });
  t.match(
    printListing({ ...listing, gaps: [] }, { gapsOnly: true }, (_, text) => text),
    /^cam.*\n.* missing {2}001\.mp4\n.* changed {2}002\.mp4\n.*: 4 segments, .*, 1 missing, 1 changed, 1 gap/,
  );
  t.same(
    segments.map(({ state }) => state),
    ['whole', 'missing', 'changed', 'whole', 'whole', 'whole'],
  );
});

t.test('what the ledger says', async (t) => {
  const recording = await made('ledger');
  const change = async (
    name: string,
    work: (entries: Entry[]) => Entry[],
    expected: string[],
  ): Promise<void> => {
    writeLedger(recording, work(structuredClone(recording.entries)));
    t.same(found(await verify(recording, true)), expected, name);
  };
  await change('no gap', (all) => all.filter(({ type }) => type !== 'gap'), [
    'before 003.mp4: nothing was recorded, and no gap tells of it',
  ]);
  await change(
    'a gap that is short',
    (all) => all.map((one) => (one.type === 'gap' ? { ...one, to: one.to - 0.5 } : one)),
    ['before 003.mp4: nothing was recorded, and no gap tells of it'],
  );
  await change(
    'a gap that is long',
    (all) => all.map((one) => (one.type === 'gap' ? { ...one, to: one.to + 0.5 } : one)),
    ['003.mp4: a gap has pictures'],
  );
  await change(
    'a frame more',
    (all) => all.map((one) => (one.type === 'segment' && one.seq === 4 ? { ...one, frames: 51 } : one)),
    ['004.mp4: pictures in it'],
  );
  await change('a lost line', (all) => all.filter((one) => !(one.type === 'segment' && one.seq === 1)), [
    'before 002.mp4: nothing was recorded, and no gap tells of it',
  ]);
  await change(
    'twice',
    (all) =>
      all.map((one) => (one.type === 'segment' && one.seq === 1 ? { ...one, dts: one.dts - 9000 } : one)),
    ['001.mp4: pictures are twice'],
  );
  rmSync(join(recording.dir, '001.mp4'));
  await change(
    'removed by retention',
    (all) => [...all, { type: 'gone', at: BEGIN + 20, path: '001.mp4', seq: 1, why: 'keep' }],
    [],
  );
});

t.test('stopped: what was found so far', async (t) => {
  const recording = await made('stopped');
  rmSync(join(recording.dir, '000.mp4'));
  const stop = new AbortController();
  let calls = 0;
  const onProgress = (): void => {
    if (++calls === 3) stop.abort();
  };
  const done = await verify(recording, false, { signal: stop.signal, onProgress });
  t.match(done, { stopped: true, files: 2, of: 6, problems: [{ file: '000.mp4' }] });
});
