import t from 'tap';
import { nothingLeft, rig, settled } from './fakes.ts';

const broken = async () => {
  throw new Error('no such camera');
};

t.test('frames go by until the hook is ready', async (t) => {
  let ready = () => {};
  const r = rig({}, { start: () => new Promise((resolve) => (ready = () => resolve({}))) });
  await r.play(400);
  t.equal(r.emitted.length, 10);
  t.match(r.stage.figures(), { state: 'starting', answered: 0, dropped: 0, errors: 0, restarts: 0 });
  ready();
  await settled();
  r.push();
  t.equal(r.stage.figures().state, 'ready');
  t.equal(r.adapter.asked.length, 1);
  t.strictSame(await r.end(), nothingLeft);
});

t.test(
  'a hook that hangs is killed and started anew; the stream waits once for it, never again',
  async (t) => {
    const r = rig();
    await settled();
    await r.play(1960);
    t.equal(r.emitted.length, 0, 'it may still answer');
    await r.play(40);
    t.equal(r.adapters[0]?.ended, 'killed');
    t.ok(r.adapters[0]?.asked[0]?.signal.aborted);
    const from = r.emitted.length;
    await r.play(8000);
    t.equal(r.emitted.length - from, 200, 'full rate while it hangs again and again');
    t.ok(r.adapters.length >= 4);
    const { restarts, errors, lastError } = r.stage.figures();
    t.strictSame(
      { restarts, errors, lastError },
      { restarts: 3, errors: 3, lastError: 'no answer within 2 s' },
    );
    t.ok(r.logs().length <= 4, 'said once, then summed up');
    t.match(r.logs()[0], 'no answer within 2 s; it is started again at once');

    const { length } = r.adapters;
    while (r.adapters.length === length || r.adapter.asked.length === 0) await r.play(40);
    r.asked.resolve();
    await settled();
    r.push();
    const shown = r.asked.frame.sequence;
    t.equal(shown, r.pushed - 1, 'it answered in time: pictures wait for it again');
    t.notOk(r.out().includes(shown));
    r.asked.resolve();
    await settled();
    t.equal(r.out().at(-1), shown);
    t.ok(r.logs().includes('the hook answers again'));
    t.strictSame(await r.end(), nothingLeft);
  },
);

t.test('pixels that a hung hook may still read are not freed before it is dead', async (t) => {
  let dead = () => {};
  const r = rig({}, { kill: () => new Promise((resolve) => (dead = resolve)) });
  await settled();
  const picture = r.push();
  await r.clock.turn(2000);
  t.strictSame(r.out(), [0], 'seen nevertheless');
  t.notOk(picture.freed);
  t.equal(r.adapters.length, 1, 'the next one waits for its end');
  dead();
  await settled();
  await r.clock.turn(0);
  t.ok(picture.freed);
  t.equal(r.adapters.length, 2);
  const ending = r.end();
  await settled();
  dead();
  t.strictSame(await ending, nothingLeft);
});

t.test('one that does not start is tried again with growing pauses', async (t) => {
  const r = rig({}, { start: broken });
  await settled();
  const starts = [r.clock.now()];
  for (let ms = 0; ms < 200_000; ms += 250) {
    const before = r.adapters.length;
    await r.clock.turn(250);
    if (r.adapters.length > before) starts.push(r.clock.now());
  }
  const pauses = starts.slice(1).map((at, n) => at - (starts[n] ?? 0));
  t.ok(Math.max(...pauses.slice(0, 2)) <= 500, 'soon at first');
  t.ok(Math.max(...pauses) <= 36_000);
  t.ok(pauses.at(-1)! >= 20_000, 'seldom at last');
  t.match(r.stage.figures(), { state: 'failing', lastError: 'no such camera' });
  t.ok(r.logs().length < 30, `${r.logs().length} lines`);
  t.ok(r.adapters.slice(0, -1).every((adapter) => adapter.ended === 'killed'));
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one whose start hangs is given up after half a minute', async (t) => {
  const r = rig({}, { start: () => new Promise(() => {}) });
  await r.clock.turn(29_999);
  t.equal(r.adapters.length, 1);
  await r.clock.turn(2);
  t.equal(r.adapters.length, 2);
  t.equal(r.adapters[0]?.ended, 'killed');
  t.match(r.stage.figures().lastError, 'not ready within 30 s');
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one that throws fails only that frame', async (t) => {
  const r = rig({}, { process: async (f) => (f.sequence % 3 === 1 ? Promise.reject(new Error('odd')) : {}) });
  await settled();
  await r.play(4000);
  t.equal(r.emitted.length, 100);
  t.match(r.stage.figures(), { errors: 33, answered: 67, restarts: 0, state: 'ready', lastError: 'odd' });
  t.equal(r.adapters.length, 1);
  t.ok(r.logs().length <= 2);
  t.match(r.logs()[0], 'failed on frame 1: odd');
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one that only throws is asked now and then, beside the stream, until it works', async (t) => {
  let works = false;
  const r = rig({}, { process: async () => (works ? {} : Promise.reject(new Error('always'))) });
  await settled();
  await r.play(10_000);
  t.equal(r.emitted.length, 250);
  const asked = r.adapter.asked.length;
  t.ok(asked >= 7 && asked <= 9, `${asked}`);
  t.match(r.stage.figures(), { state: 'failing', restarts: 0 });
  t.equal(r.logs().filter((line) => line.includes('fails on every frame (always)')).length, 1);
  works = true;
  await r.play(6000);
  t.equal(r.stage.figures().state, 'ready');
  t.ok(r.stage.figures().answered > 25);
  t.equal(r.emitted.length, 400);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one that dies by itself is started again', async (t) => {
  const r = rig();
  await settled();
  r.adapter.host.lost('exit code 139');
  await r.clock.turn(0);
  t.equal(r.adapters[0]?.ended, 'killed', 'with what is left of it');
  t.match(r.stage.figures(), { restarts: 1, errors: 1, lastError: 'exit code 139', state: 'ready' });
  r.push();
  r.adapter.host.lost('again');
  r.adapter.host.lost('and again');
  t.strictSame(r.out(), [0]);
  await r.clock.turn(499);
  t.match(r.stage.figures(), { restarts: 1, errors: 2, state: 'failing' });
  await r.clock.turn(1);
  t.match(r.stage.figures(), { restarts: 2, errors: 2, state: 'ready' });
  t.strictSame(await r.end(), nothingLeft);
});

t.test('after ten seconds of answers the next start comes at once again', async (t) => {
  const r = rig({}, { process: async () => ({}) });
  await settled();
  for (let n = 0; n < 4; n++) {
    await r.play(10_400);
    r.adapter.host.lost('exit code 1');
    await r.clock.turn(0);
    t.equal(r.stage.figures().state, 'ready');
  }
  t.equal(r.stage.figures().restarts, 4);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one that eats memory is started again', async (t) => {
  let held = 100;
  const r = rig({ memory: 200 * 2 ** 20 }, { memory: () => held * 2 ** 20 });
  await r.clock.turn(2000);
  t.equal(r.stage.figures().memory, 100 * 2 ** 20);
  t.equal(r.adapters.length, 1);
  held = 300;
  const turned = r.clock.turn(500);
  await settled();
  held = 10;
  await turned;
  t.equal(r.adapters.length, 2);
  t.match(r.stage.figures().lastError, 'it held 300 MB of memory, 200 MB are allowed');
  t.strictSame(await r.end(), nothingLeft);
});

t.test(
  'a server that is late fails that frame, not the others under way; it is not waited for again',
  async (t) => {
    const http = {
      by: 'http',
      url: 'http://127.0.0.1',
      dialect: { name: 'jpeg' },
      quality: 80,
      inFlight: 2,
    } as const;
    const r = rig({ runner: http }, { start: async () => ({ inFlight: 2 }) });
    await settled();
    r.push();
    await r.clock.turn(1000);
    r.push();
    const [late, other] = r.adapter.asked;
    await r.clock.turn(1000);
    t.strictSame(r.out(), [0]);
    t.ok(late?.signal.aborted);
    other?.resolve();
    late?.reject('aborted');
    await settled();
    t.strictSame(r.out(), [0, 1]);
    t.equal(r.adapters.length, 1);
    t.equal(r.ledger.open, 0, 'its pixels are freed when it lets go of them');
    t.match(r.stage.figures(), { errors: 1, restarts: 0, answered: 1 });
    t.strictSame(await r.end(), nothingLeft);
  },
);

t.test('a saved hook takes over when it is ready; the old one answers for what it has', async (t) => {
  let ready = () => {};
  const start = (adapter: { number: number }) =>
    adapter.number === 0
      ? Promise.resolve({})
      : new Promise<object>((resolve) => (ready = () => resolve({})));
  const r = rig({}, { start });
  await settled();
  const old = r.adapter;
  r.push();
  r.stage.reload();
  r.stage.reload();
  t.equal(r.adapters[1]?.ended, 'killed', 'of two saves the later counts');
  ready();
  await settled();
  t.equal(old.ended, undefined);
  r.push();
  t.equal(r.asked.frame.sequence, 1);
  r.asked.resolve();
  old.asked[0]?.resolve();
  await settled();
  t.equal(old.ended, 'stopped');
  t.strictSame(r.out(), [0, 1]);
  t.match(r.stage.figures(), { answered: 2, restarts: 0, errors: 0, state: 'ready' });
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one with a mistake in it leaves the old one at work', async (t) => {
  const r = rig(
    {},
    { start: async (adapter) => (adapter.number === 0 ? {} : broken()), process: async () => ({}) },
  );
  await settled();
  r.stage.reload();
  await r.play(400);
  t.equal(r.adapters[1]?.ended, 'killed');
  t.match(r.stage.figures(), { answered: 10, state: 'ready', lastError: 'no such camera' });
  t.match(r.logs().join(), 'the one before goes on: no such camera');
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one that is mended starts at once, whatever pause the broken one was in', async (t) => {
  const r = rig(
    {},
    { start: async (adapter) => (adapter.number < 5 ? broken() : {}), process: async () => ({}) },
  );
  while (r.adapters.length < 5) await r.clock.turn(100);
  r.stage.reload();
  await r.clock.turn(0);
  t.equal(r.adapters.length, 6);
  t.equal(r.stage.figures().state, 'ready');
  await r.play(400);
  t.match(r.logs().at(-2), /no such camera.* times in 10 s/, 'what was left to say of it');
  await r.clock.turn(60_000);
  t.equal(r.logs().at(-1), 'the hook answers again', 'the log ends with how things are');
  t.equal(r.adapters.length, 6, 'the pause was called off');
  t.strictSame(await r.end(), nothingLeft);
});

t.test('stop waits a moment for frames under way, and emits them', async (t) => {
  const r = rig();
  await settled();
  r.push();
  r.push();
  const stopped = r.stage.stop();
  await r.clock.turn(100);
  r.asked.resolve();
  await settled();
  r.asked.resolve();
  await stopped;
  t.strictSame(r.out(), [0, 1]);
  t.equal(r.adapter.ended, 'stopped');
  r.push();
  t.strictSame(await r.end(), nothingLeft);
});
