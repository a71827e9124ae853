/** What a hook may say is bounded: it is drawn and told in processes that must go on. */
import t from 'tap';
import { anything, events, overlay } from '../../src/hooks/answer-schema.ts';

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let each = 0; each < depth; each++) value = { a: value };
  return value;
};

t.test('data has a depth', async (t) => {
  t.ok(anything.safeParse(nested(40)).success);
  t.ok(anything.safeParse({ boxes: [[1, 2, { text: null }]] }).success);
  t.notOk(anything.safeParse(nested(60)).success);
  t.notOk(anything.safeParse(nested(200_000)).success, 'and the look at it does not exhaust the stack');
  t.notOk(events.safeParse([{ name: 'deep', data: nested(60) }]).success);
});

t.test('masks have corners that can be drawn between two pictures', async (t) => {
  const mask = (corners: number) => ({ polygon: Array.from({ length: corners }, (_, x) => [x, x % 7]) });
  t.ok(overlay.safeParse({ masks: Array.from({ length: 20 }, () => mask(100)) }).success);
  t.notOk(overlay.safeParse({ masks: Array.from({ length: 30 }, () => mask(100)) }).success);
  t.notOk(overlay.safeParse({ masks: Array.from({ length: 33 }, () => mask(3)) }).success);
});
