import t from 'tap';
import { nothingLeft, rig, settled } from './fakes.ts';

t.test('hold: the last good picture, at the time of the one that failed', async (t) => {
  const r = rig({ onError: 'hold' });
  await r.play(0);
  r.push();
  t.strictSame(r.out(), [], 'nothing until there is one');
  await settled();
  for (const good of [false, true, false, true]) {
    r.push();
    if (good) r.asked.resolve({ overlay: { labels: [{ x: 0, y: 0, text: 'x' }] } });
    else r.asked.reject('no');
    await settled();
  }
  r.adapter.host.lost('gone');
  r.push();
  t.strictSame(
    r.emitted.map((picture) => [picture.sequence, picture.pixels, picture.marks]),
    [
      [2, 2, ['x@64']],
      [3, 2, ['x@64']],
      [4, 4, ['x@64']],
      [5, 4, ['x@64']],
    ],
  );
  t.equal(r.emitted.length + r.stage.figures().dropped, r.pushed);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('stop: nothing, and no sound, from the failure until a frame succeeds', async (t) => {
  const r = rig({ onError: 'stop' });
  t.ok(r.stage.muted);
  r.push();
  await settled();
  r.push();
  t.ok(r.stage.muted, 'ready is not yet working');
  r.asked.resolve();
  await settled();
  t.notOk(r.stage.muted);
  r.push();
  r.asked.reject('no');
  await settled();
  t.ok(r.stage.muted);
  r.push();
  r.asked.resolve();
  await settled();
  t.notOk(r.stage.muted);
  r.adapter.host.lost('gone');
  t.ok(r.stage.muted, 'without a frame as well');
  await r.play(40);
  t.strictSame(r.out(), [1, 3]);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('stop: a hook that hung is tried beside, and the stream is back when it answers', async (t) => {
  let hangs = true;
  const r = rig(
    { onError: 'stop' },
    { process: () => (hangs ? new Promise(() => {}) : Promise.resolve({})) },
  );
  await settled();
  await r.play(5000);
  t.equal(r.emitted.length, 0);
  hangs = false;
  await r.play(6000);
  t.notOk(r.stage.muted);
  t.ok(r.emitted.length > 50);
  t.equal(r.emitted.length + r.stage.figures().dropped, r.pushed);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('frames that are not picked go the way of the last one that was', async (t) => {
  const r = rig({ onError: 'stop', pick: { by: 'every', frames: 3 } });
  await settled();
  for (const good of [true, false, true]) {
    r.push();
    if (good) r.asked.resolve();
    else r.asked.reject('no');
    await settled();
    r.push();
    r.push();
  }
  t.strictSame(r.out(), [0, 1, 2, 6, 7, 8]);
  t.strictSame(await r.end(), nothingLeft);
});
