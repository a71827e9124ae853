import t from 'tap';
import stamp from '../../../src/hooks/builtin/stamp.ts';
import { frameOf, started } from './support.ts';

const frame = () =>
  frameOf('yuv420p', 64, 36, { sequence: 41, wallClock: Date.UTC(2026, 0, 2, 3, 4, 5, 67) });

t.test('the clock in UTC and the number of the frame, top left', async (t) => {
  const process = await started(stamp);
  t.same((await process(frame()))?.overlay?.labels, [
    { x: 0, y: 0, text: '2026-01-02 03:04:05.067Z  #41', color: '#000000' },
  ]);
});

t.test('another corner and text', async (t) => {
  const process = await started(stamp, { position: 'bottom-right', text: '{route} {frame} {frame} {what}' });
  t.match((await process(frame()))?.overlay?.labels, [{ x: 63, y: 35, text: 'gate 41 41 {what}' }]);
});

t.test('wrong options are named', async (t) => {
  await t.rejects(started(stamp, { position: 'middle' }), /options\.position must be one of top-left, /);
  await t.rejects(started(stamp, { text: 5 }), /options\.text must be text/);
  await t.rejects(started(stamp, { txt: 'x' }), /options\.txt is no option of it; there are position, text/);
});
