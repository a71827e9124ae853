import t from 'tap';
import { differences, type FrameRecord, fromLines, toLines } from '../../../src/hooks/offline/records.ts';

const one: FrameRecord = {
  sequence: 3,
  pts: 10_800,
  size: [640, 360],
  sha256: 'aa',
  events: [{ name: 'x', data: 1 }],
};

t.test('there and back', async (t) => {
  const records: FrameRecord[] = [one, { sequence: 4, drop: true }];
  t.same([...fromLines(toLines(records)).values()], records);
  t.throws(() => fromLines(`${toLines(records)}{"no":1}\n`), /^line 3 is no frame$|line 3 is no frame/);
  t.throws(() => fromLines('{'), /line 1/);
});

t.test('the same frame has no differences', async (t) => {
  t.same(differences(one, structuredClone(one)), []);
  t.same(differences({ sequence: 1, drop: true }, { sequence: 1, drop: true }), []);
  t.same(differences({ sequence: 1, events: [] }, { sequence: 1 }), []);
});

t.test('what differs is said', async (t) => {
  t.same(differences(one, { ...one, sha256: 'bb' }), ['the picture differs']);
  t.same(differences(one, { ...one, size: [320, 180], sha256: 'bb' }), [
    'the size is 320x180 instead of 640x360',
  ]);
  t.same(differences(one, { ...one, pts: 14_400 }), ['the time is 0.160 s instead of 0.120 s']);
  t.same(differences(one, { ...one, events: [] }), ['events none instead of x 1']);
  t.same(differences(one, { sequence: 3, drop: true }), ['the frame is dropped']);
  t.same(differences({ sequence: 3, drop: true }, one), ['the frame is no longer dropped']);
  t.same(differences(one, undefined), ['the frame is missing']);
  t.same(differences(undefined, one), ['there is no such frame in the golden run']);
});
