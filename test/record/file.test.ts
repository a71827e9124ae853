/** The file that grows: what it can't take is a gap. */
import t, { type Test } from 'tap';
import { openFile } from '../../src/record/file.ts';
import type { RecorderReport } from '../../src/record/types.ts';
import { EPOCH, eventsOf, ringOf } from './support.ts';

async function sink(t: Test, change: { reserve?: number } = {}) {
  const reports: RecorderReport[] = [];
  const clock = { ms: 0 };
  const host = {
    ...{ route: 'cam', ffmpeg: 'ffmpeg', signal: new AbortController().signal, digestOf: () => 'camera' },
    ...{ now: () => EPOCH, knownTime: () => EPOCH, monotonic: () => clock.ms },
    report: (report: RecorderReport) => void reports.push(report),
  };
  const file = await openFile({ kind: 'file', path: `${t.testdir()}/all.mp4`, ...change }, host);
  const gaps = () => reports.filter(({ type }) => type === 'gap');
  const push = (seconds: number) => {
    for (const event of eventsOf([ringOf({ scenes: [{ frames: 25 * seconds }] })])) file.push(event);
  };
  return { file, clock, gaps, push };
}

t.test('what waited too long for the disk is one gap, told at the end', async (t) => {
  const { file, clock, gaps, push } = await sink(t, { reserve: Number.MAX_SAFE_INTEGER });
  push(4);
  await file.work();
  t.ok(file.oldest, 'it waits in the ring');
  clock.ms += 31_000;
  await file.work();
  t.notOk(file.oldest, 'not for ever');
  t.strictSame(gaps(), [], 'there may be more of it');
  await file.close?.();
  t.match(gaps(), [{ route: 'cam', from: EPOCH, to: EPOCH + 4, cause: 'disk-full', frames: 100 }]);
  t.equal(gaps().length, 1);
});

t.test('what can not be written, and not for the disk, is a gap too', async (t) => {
  const { file, gaps, push } = await sink(t, { reserve: 0 });
  // Neither its header nor its packets are real.
  push(2);
  await file.finish();
  t.match(gaps(), [{ from: EPOCH, to: EPOCH + 2, cause: 'recorder', reason: String, frames: 50 }]);
  t.equal(gaps().length, 1);
});
