import t from 'tap';
import { RecordSwitch } from '../../src/units/record-switch.ts';
import { barsPath, planOf, serverSpec } from './support.ts';

const one = barsPath('one', { record: { ring: '/a' } });
const two = barsPath('two', { record: { ring: '/a' } });
const plain = barsPath('plain');
const never = new AbortController().signal;

async function recorded(patience = 60_000): Promise<RecordSwitch> {
  const made = new RecordSwitch(patience);
  made.set(planOf(await serverSpec(), [], [one, two, plain]));
  return made;
}

t.test('on by the word of the recorder, for this folder only', async (t) => {
  const made = await recorded();
  t.notOk(made.isOn(one));
  t.ok(made.say('one', '/a', true));
  t.notOk(made.say('one', '/a', true), 'nothing new');
  t.ok(made.isOn(one));
  t.notOk(made.isOn(barsPath('one', { record: { ring: '/b' } })), 'another folder was not looked at');
  t.notOk(made.isOn(barsPath('one')), 'not recorded any more');
  t.ok(made.say('one', '/a', false));
  t.notOk(made.isOn(one));
});

t.test('publishers wait for a word, whichever it is, once it has reached the server', async (t) => {
  const made = await recorded();
  await made.whenSaid(['plain', 'unknown'], never);
  const order: string[] = [];
  const waiting = made.whenSaid(['one', 'two'], never).then(() => order.push('both'));
  made.say('one', '/a', true);
  made.settled();
  await Promise.resolve();
  t.strictSame(order, []);
  made.say('two', '/a', false);
  made.settled();
  await waiting;
  await made.whenSaid(['one', 'two'], never);
});

t.test('no longer than its patience, and once only', async (t) => {
  const made = await recorded(50);
  const began = performance.now();
  await made.whenSaid(['one'], never);
  t.ok(performance.now() - began >= 45);
  const again = performance.now();
  await made.whenSaid(['one'], never);
  t.ok(performance.now() - again < 40);
});

t.test('who is stopped waits no longer; what is not recorded any more is not waited for', async (t) => {
  const made = await recorded();
  const stop = new AbortController();
  const stopped = made.whenSaid(['one'], stop.signal);
  const changed = made.whenSaid(['two'], never);
  stop.abort();
  await t.resolves(stopped);
  await t.resolves(made.whenSaid(['one'], AbortSignal.abort()));
  made.set(planOf(await serverSpec(), [], [plain]));
  await t.resolves(changed);
});
