import t from 'tap';
import { type HeldSound, Lag, SoundQueue } from '../../src/hooks/sound.ts';

function queue(hold: number) {
  const written: number[] = [];
  const sound = new SoundQueue<HeldSound>(hold, ({ pts }) => written.push(pts));
  return { sound, written };
}

const packet = (pts: number, at: number, bytes = 100): HeldSound => ({ pts, bytes, at });

t.test('sound goes when the picture of its time has gone', (t) => {
  const { sound, written } = queue(500);
  sound.push(packet(0, 0), 0);
  sound.push(packet(1920, 20), 20);
  sound.push(packet(3840, 40), 40);
  t.same(written, []);
  sound.pictureWritten(3600, 0, 50);
  t.same(written, [0, 1920]);
  sound.push(packet(3000, 55), 55);
  t.same(written, [0, 1920], 'in the order in which it came');
  sound.pictureWritten(7200, 0, 90);
  t.same(written, [0, 1920, 3840, 3000]);
  sound.push(packet(5000, 91), 91);
  t.same(written.at(-1), 5000, 'at once, where its picture has gone already');
  t.end();
});

t.test('it waits no longer than it may', (t) => {
  const { sound, written } = queue(500);
  t.equal(sound.next(0), undefined);
  sound.push(packet(0, 1000), 1000);
  sound.push(packet(1920, 1020), 1020);
  t.equal(sound.next(1100), 400);
  sound.tick(1499);
  t.same(written, []);
  sound.tick(1500);
  t.same(written, [0]);
  t.equal(sound.next(1530), 0);
  sound.flush();
  t.same([written, sound.size], [[0, 1920], 0]);
  t.end();
});

t.test('it is bounded in bytes', (t) => {
  const { sound, written } = queue(Number.POSITIVE_INFINITY);
  for (let n = 0; n < 100; n++) sound.push(packet(n, 0, 50_000), 0);
  t.equal(sound.size, 40);
  t.equal(written.length, 60);
  t.end();
});

t.test('it is as late as the picture', (t) => {
  const { sound, written } = queue(500);
  sound.pictureWritten(3600, 30, 30);
  sound.push(packet(1920, 21), 31);
  t.same(written, []);
  t.equal(sound.next(31), 20);
  sound.tick(51);
  t.same(written, [1920]);
  sound.pictureWritten(7200, 9000, 60);
  sound.push(packet(3840, 42), 60);
  t.equal(sound.next(60), 482, 'but never later than it may');
  t.end();
});

t.test('the lag is that of the quickest', (t) => {
  const lag = new Lag();
  const play = (from: number, count: number, work: (n: number) => number) => {
    for (let n = from; n < from + count; n++) {
      lag.came(n * 3600, n * 40 + (n % 7));
      lag.left(n * 3600, n * 40 + (n % 7) + work(n));
    }
  };
  play(0, 5, () => 12);
  t.equal(lag.ms, 0, 'a few say nothing');
  play(5, 100, (n) => 12 + (n % 5));
  t.ok(lag.ms >= 11 && lag.ms <= 14, String(lag.ms));
  lag.reset();
  t.ok(lag.ms >= 11, 'until more is known it stays');
  play(1000, 2000, () => 200);
  t.ok(Math.abs(lag.ms - 200) < 5, String(lag.ms));
  t.end();
});
