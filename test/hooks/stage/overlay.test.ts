import t from 'tap';
import type { Answer } from '../../../src/hooks/adapter.ts';
import { nothingLeft, rig, settled } from './fakes.ts';

const says = (text: string): Answer => ({ overlay: { labels: [{ x: 0, y: 0, text }] } });

t.test('video at full rate; the hook sees the newest; its last answer is drawn', async (t) => {
  const r = rig(
    { mode: 'overlay', size: { width: 32, height: 18 } },
    { process: (f) => new Promise((resolve) => r.clock.after(200, () => resolve(says(`${f.sequence}`)))) },
  );
  await settled();
  for (let n = 0; n < 250; n++) {
    r.push();
    t.equal(r.emitted.length, n + 1, 'leaves at once');
    await r.clock.turn(40);
  }
  t.ok(r.adapter.asked.length >= 45);
  t.ok(Math.max(...r.adapter.asked.map((asked) => asked.age)) <= 40);
  t.strictSame(
    r.emitted.slice(0, 5).flatMap((picture) => picture.marks),
    [],
  );
  t.strictSame(r.emitted[6]?.marks, ['0@32']);
  t.ok(r.emitted.slice(6).every((picture) => picture.marks.length === 1));
  t.match(r.stage.figures(), { dropped: 0, errors: 0 });
  t.strictSame(await r.end(), nothingLeft);
});

t.test('what was drawn is not shown to the hook', async (t) => {
  const r = rig({ mode: 'overlay' });
  await settled();
  r.push();
  r.asked.resolve(says('a'));
  await settled();
  const picture = r.push();
  t.strictSame(picture.marks, ['a@64']);
  t.strictSame(r.asked.frame.sequence, 1);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('it fades, and an answer without an overlay takes it away', async (t) => {
  const r = rig({ mode: 'overlay', fade: 1 });
  await settled();
  r.push();
  r.asked.resolve(says('a'));
  await settled();
  await r.clock.turn(999);
  t.strictSame(r.push().marks, ['a@64']);
  await r.clock.turn(1);
  t.strictSame(r.push().marks, []);
  r.asked.resolve(says('b'));
  await settled();
  t.strictSame(r.push().marks, ['b@64']);
  r.asked.resolve({});
  await settled();
  t.strictSame(r.push().marks, []);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('an older answer does not take the place of a newer one', async (t) => {
  const r = rig({ mode: 'overlay' }, { start: async () => ({ inFlight: 2 }) });
  await settled();
  r.push();
  r.push();
  const [older, newer] = r.adapter.asked;
  newer?.resolve(says('new'));
  older?.resolve(says('old'));
  await settled();
  t.strictSame(r.push().marks, ['new@64']);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('frames and drops have no effect: said once', async (t) => {
  const r = rig({ mode: 'overlay' }, { process: async () => ({ drop: true }) });
  await settled();
  await r.play(400);
  t.equal(r.emitted.length, 10);
  t.equal(r.logs().filter((line) => line.includes('no effect')).length, 1);
  t.strictSame(await r.end(), nothingLeft);
});

t.test('a hook that hangs, throws or dies does not show', async (t) => {
  for (const trouble of ['hangs', 'throws', 'dies']) {
    const r = rig(
      { mode: 'overlay' },
      {
        process: async (_, adapter) => {
          if (trouble === 'throws') throw new Error('no');
          if (trouble === 'dies') adapter.host.lost('dead');
          return new Promise(() => {});
        },
      },
    );
    await settled();
    for (let n = 0; n < 250; n++) {
      r.push();
      t.equal(r.emitted.length, n + 1);
      await r.clock.turn(40);
    }
    t.ok(r.stage.figures().errors > 0);
    t.strictSame(await r.end(), nothingLeft, trouble);
  }
});
