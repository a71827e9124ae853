import t from 'tap';
import { createWallClock } from '../../src/record/wall-clock.ts';

function clocks() {
  const time = { wall: 1_700_000_000, monotonic: 5000 };
  const clock = createWallClock(
    () => time.wall,
    () => time.monotonic,
  );
  const pass = (seconds: number, wall = seconds): void => {
    time.wall += wall;
    time.monotonic += seconds * 1000;
  };
  return { clock, pass, time };
}

t.test('time that passes is no step, however long nobody looks', async (t) => {
  const { clock, pass } = clocks();
  for (const seconds of [0, 0.25, 10, 86_400 * 30]) {
    pass(seconds);
    t.equal(clock.look(), undefined);
  }
});

t.test('an hour both ways', async (t) => {
  const { clock, pass, time } = clocks();
  pass(1, 3601);
  t.strictSame(clock.look(), { at: time.wall, step: 3600 });
  t.equal(clock.look(), undefined, 'told once');
  pass(1, -3599);
  t.strictSame(clock.look(), { at: time.wall, step: -3600 });
  pass(1, 3);
  t.equal(clock.look(), undefined, 'two seconds are none');
  pass(1, 3.1);
  t.match(clock.look(), { step: 2.1 });
});

t.test('drift is followed, though it adds up', async (t) => {
  const { clock, pass } = clocks();
  for (let minute = 0; minute < 1000; minute++) {
    pass(60, 60.03);
    t.equal(clock.look(), undefined);
  }
});
