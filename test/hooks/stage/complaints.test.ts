import t from 'tap';
import { Complaints } from '../../../src/hooks/stage/complaints.ts';
import { FakeClock } from './fakes.ts';

t.test('the first at once, the rest summed up, and at once again after quiet', async (t) => {
  const clock = new FakeClock();
  const said: string[] = [];
  const complaints = new Complaints(clock, (message) => said.push(message));
  complaints.add('a');
  t.strictSame(said, ['a']);
  for (let n = 0; n < 250; n++) complaints.add(`b${n}`);
  t.equal(said.length, 1);
  await clock.turn(10_000);
  t.strictSame(said, ['a', 'b249 (250 times in 10 s)']);
  complaints.add('c');
  await clock.turn(10_000);
  t.equal(said[2], 'c', 'one is not a sum');
  await clock.turn(10_000);
  complaints.add('d');
  t.equal(said[3], 'd');
  complaints.add('e');
  complaints.close();
  t.equal(said[4], 'e', 'nothing is swallowed at the end');
  t.equal(clock.timers, 0);
});

t.test('trouble that is over is summed up before that is said', async (t) => {
  const clock = new FakeClock();
  const said: string[] = [];
  const complaints = new Complaints(clock, (message) => said.push(message));
  for (const message of ['a', 'b', 'c']) complaints.add(message);
  complaints.settle();
  t.strictSame(said, ['a', 'c (2 times in 10 s)']);
  complaints.settle();
  await clock.turn(10_000);
  t.equal(said.length, 2, 'nothing comes after it');
  complaints.close();
});
