import t from 'tap';
import { nothingLeft, rig, settled } from './fakes.ts';

t.test('a hook faster than the source: every frame once, in order, none dropped', async (t) => {
  for (const whenBehind of ['latest', 'drop-newest', 'block'] as const) {
    const r = rig({ whenBehind }, { process: () => wait(35) });
    const wait = (ms: number) => new Promise<object>((resolve) => r.clock.after(ms, () => resolve({})));
    await settled();
    await r.play(10_000);
    t.strictSame(
      r.out(),
      Array.from({ length: 250 }, (_, n) => n),
    );
    const { dropped, answered, errors } = r.stage.figures();
    t.strictSame({ dropped, answered, errors }, { dropped: 0, answered: 250, errors: 0 }, whenBehind);
    t.strictSame(await r.end(), nothingLeft);
  }
});

t.test('pictures that come in a bunch are not lost to a fast hook: the decoder waits a moment', async (t) => {
  const r = rig({}, { process: () => new Promise((resolve) => r.clock.after(5, () => resolve({}))) });
  await settled();
  await r.play(1000);
  for (let n = 0; n < 10; n++) {
    if (r.stage.full) {
      let room = false;
      r.stage.whenRoom(() => {
        room = true;
      });
      t.notOk(room);
      while (!room) await r.clock.turn(1);
    }
    r.push();
  }
  await r.clock.turn(50);
  t.equal(r.stage.figures().dropped, 0);
  t.equal(r.emitted.length, r.pushed);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('but never long, and not for a hook that is slower than the source', async (t) => {
  const hung = rig();
  await settled();
  await hung.play(120);
  t.ok(hung.stage.full, 'not known to be slow yet');
  let room = false;
  hung.stage.whenRoom(() => {
    room = true;
  });
  await hung.clock.turn(79);
  t.notOk(room);
  await hung.clock.turn(1);
  t.ok(room);
  t.strictSame(await hung.end(), nothingLeft);

  const slow = rig({}, { process: () => new Promise((resolve) => slow.clock.after(200, () => resolve({}))) });
  await settled();
  await slow.play(1000);
  for (let n = 0; n < 25; n++) {
    await slow.play(40);
    t.notOk(slow.stage.full);
  }
  t.strictSame(await slow.end(), nothingLeft);
});

t.test('latest: a slow hook gets fresh frames, at most three are held, latency does not grow', async (t) => {
  const r = rig({}, { process: () => new Promise((resolve) => r.clock.after(190, () => resolve({}))) });
  await settled();
  let held = 0;
  const latencies: number[] = [];
  for (let n = 0; n < 500; n++) {
    const seen = r.emitted.length;
    r.push();
    held = Math.max(held, r.ledger.open);
    for (let ms = 0; ms < 40; ms++) {
      await r.clock.turn(1);
      held = Math.max(held, r.ledger.open);
    }
    for (const out of r.emitted.slice(seen)) latencies.push(r.clock.now() - out.decodedAt);
  }
  t.ok(held <= 3, `${held} were held`);
  const ages = r.adapter.asked.map((asked) => asked.age);
  t.ok(Math.max(...ages) <= 60, `the hook got a frame ${Math.max(...ages)} ms old`);
  // As soon as it is known to be slow: the newest that there is.
  const later = Math.max(...ages.slice(3));
  t.ok(later <= 40, `the hook got a frame ${later} ms old when there was a newer one`);
  t.ok(Math.max(...latencies.slice(-50)) <= Math.max(...latencies.slice(0, 50)) + 40);
  t.strictSame(
    r.out(),
    r.out().toSorted((a, b) => a - b),
  );
  t.equal(r.stage.figures().dropped + r.emitted.length + r.ledger.open, 500);
  t.ok(r.emitted.length >= 95);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('drop-newest: three are held, those that come on top are dropped', async (t) => {
  const r = rig({ whenBehind: 'drop-newest' });
  await settled();
  for (let n = 0; n < 6; n++) r.push();
  t.equal(r.ledger.open, 3);
  t.equal(r.stage.figures().dropped, 3);
  for (let n = 0; n < 3; n++) {
    r.asked.resolve();
    await settled();
  }
  t.strictSame(r.out(), [0, 1, 2]);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('block: none is dropped, the decoder waits', async (t) => {
  const r = rig({ whenBehind: 'block' });
  await settled();
  r.push();
  t.notOk(r.stage.full);
  r.push();
  t.ok(r.stage.full);
  r.push();
  let rooms = 0;
  r.stage.whenRoom(() => rooms++);
  r.asked.resolve();
  await settled();
  t.equal(rooms, 0, 'two are still there');
  r.asked.resolve();
  await settled();
  t.equal(rooms, 1);
  r.asked.resolve();
  await settled();
  t.strictSame(r.out(), [0, 1, 2]);
  t.equal(rooms, 1, 'called once');
  r.stage.whenRoom(() => rooms++);
  t.equal(rooms, 2, 'at once where there is room');
  t.equal(r.stage.figures().dropped, 0);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('with several under way answers may come in any order, frames leave in theirs', async (t) => {
  const r = rig({}, { start: async () => ({ inFlight: 3 }) });
  await settled();
  for (let n = 0; n < 3; n++) r.push();
  const [a, b, c] = r.adapter.asked;
  c?.resolve();
  b?.reject('no');
  await settled();
  t.strictSame(r.out(), []);
  r.push();
  t.equal(r.adapter.asked.length, 4);
  a?.resolve();
  await settled();
  t.strictSame(r.out(), [0, 1, 2]);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('one slow answer holds back no more than a few that are done', async (t) => {
  const r = rig(
    {},
    { start: async () => ({ inFlight: 2 }), process: async (f) => (f.sequence === 0 ? never : {}) },
  );
  const never = new Promise<object>(() => {});
  await settled();
  for (let n = 0; n < 20; n++) {
    r.push();
    await settled();
  }
  t.ok(r.ledger.open <= 4);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('who asked for less than the video only looks: what it writes there is not the video', async (t) => {
  const planes = [{ data: new Uint8Array(3), stride: 3 }];
  const marksOf = async (spec: Parameters<typeof rig>[0], inPlace: boolean) => {
    const r = rig(spec);
    await settled();
    r.push();
    const { format, width, height } = r.asked.frame;
    r.asked.resolve({ picture: { format, width, height, planes }, ...(inPlace && { inPlace }) });
    await settled();
    const [picture] = r.emitted;
    await r.end();
    return picture!.marks.length;
  };
  t.equal(await marksOf({ size: { width: 32, height: 18 } }, true), 0);
  t.equal(await marksOf({ format: 'gray8' }, true), 0);
  t.equal(await marksOf({ format: 'gray8' }, false), 1, 'a picture that it returns takes the place');
  t.equal(await marksOf({ format: 'rgb24' }, true), 1);
});

t.test('what the hook answers', async (t) => {
  const r = rig({ size: { width: 32, height: 18 }, format: 'rgb24' });
  await settled();
  const planes = [{ data: new Uint8Array(3), stride: 3 }];
  r.push();
  t.match(r.asked.frame, { format: 'rgb24', width: 32, height: 18 });
  r.asked.resolve({ picture: { format: 'rgb24', width: 1, height: 1, planes } });
  await settled();
  r.push();
  r.asked.resolve({ drop: true });
  await settled();
  r.push();
  r.asked.resolve({ overlay: { labels: [{ x: 0, y: 0, text: 'hi' }] } });
  await settled();
  r.push();
  r.asked.resolve({ events: [{ name: 'person', data: { n: 1 } }, { name: 'plain' }], meta: [1] });
  await settled();
  t.strictSame(
    r.emitted.map((picture) => [picture.sequence, picture.marks]),
    [
      [0, ['replaced']],
      [2, ['hi@32']],
      [3, []],
    ],
  );
  const at = { sequence: 3, timestamp: 0 };
  t.match(r.reports, [
    { type: 'event', name: 'person', data: { n: 1 }, ...at },
    { type: 'event', name: 'plain', ...at },
    { type: 'meta', meta: [1], ...at },
  ]);
  t.match(r.stage.figures(), { answered: 4, dropped: 1, errors: 0 });
  r.push();
  r.asked.resolve({ picture: { format: 'rgb24', width: 0, height: 0, planes } });
  await settled();
  t.match(r.stage.figures(), { answered: 4, errors: 1, lastError: 'a picture of no size' });
  t.strictSame(r.out(), [0, 2, 3, 4], 'a bad answer is a failure of the hook');
  t.strictSame(await r.end(), nothingLeft);
});

t.test('format and size: of the file, else as the hook wishes, else as they come', async (t) => {
  const wishes = rig({}, { start: async () => ({ format: 'gray8', size: { width: 8, height: 4 } }) });
  await settled();
  wishes.push();
  t.match(wishes.asked.frame, { format: 'gray8', width: 8 });
  t.strictSame(await wishes.end(), nothingLeft);
  const none = rig();
  await settled();
  none.push();
  t.match(none.asked.frame, { format: 'yuv420p', width: 64 });
  t.strictSame(await none.end(), nothingLeft);
});

t.test('pick: others wait for the one before them, no longer than that takes', async (t) => {
  const r = rig(
    { pick: { by: 'every', frames: 5 } },
    { process: () => new Promise((resolve) => r.clock.after(150, () => resolve({}))) },
  );
  await settled();
  let longest = 0;
  for (let n = 0; n < 100; n++) {
    const seen = r.emitted.length;
    r.push();
    for (let ms = 0; ms < 40; ms++) await r.clock.turn(1);
    for (const out of r.emitted.slice(seen)) longest = Math.max(longest, r.clock.now() - out.decodedAt);
  }
  t.strictSame(r.adapter.asked.map((asked) => asked.frame.sequence).slice(0, 3), [0, 5, 10]);
  t.equal(r.stage.figures().dropped, 0);
  t.ok(longest <= 150 + 40, `${longest} ms`);
  t.strictSame(await r.end(), nothingLeft);
});

t.test(
  'pick with a hook that is slower than that: its next frame is not waited for, few are held',
  async (t) => {
    const r = rig(
      { pick: { by: 'every', frames: 5 } },
      { process: () => new Promise((resolve) => r.clock.after(390, () => resolve({}))) },
    );
    await settled();
    let held = 0;
    for (let n = 0; n < 100; n++) {
      r.push();
      held = Math.max(held, r.ledger.open);
      await r.clock.turn(40);
    }
    t.ok(held <= 5, `${held}`);
    t.strictSame(r.adapter.asked.map((asked) => asked.frame.sequence).slice(0, 3), [0, 10, 20]);
    t.equal(r.emitted.length + r.stage.figures().dropped + r.ledger.open, 100);
    t.ok(Math.max(...r.adapter.asked.map((asked) => asked.age)) === 0, 'always the newest');
    t.strictSame(await r.end(), nothingLeft);
  },
);

t.test('for a file the start of the hook is waited for, unless it fails', async (t) => {
  let ready = () => {};
  const start = () => new Promise<object>((resolve) => (ready = () => resolve({})));
  const r = rig({ whenBehind: 'block' }, { start, process: async () => ({}) }, true);
  r.push();
  r.push();
  t.ok(r.stage.full);
  await r.clock.turn(5000);
  t.strictSame(r.out(), []);
  ready();
  await settled();
  t.strictSame(r.out(), [0, 1]);
  t.equal(r.stage.figures().answered, 2);
  t.notOk(r.stage.full);
  t.strictSame(await r.end(), nothingLeft);

  const refused = rig({ whenBehind: 'block' }, { start: () => Promise.reject(new Error('no')) }, true);
  refused.push();
  await settled();
  t.strictSame(refused.out(), [0]);
  t.strictSame(await refused.end(), nothingLeft);
});
