import fc from 'fast-check';
import t from 'tap';
import { Forward, TICKS, Timeline, type TrackKind } from '../../src/hooks/timeline.ts';

const at = (seconds: number) => Math.round(seconds * TICKS);
const both = (time: number) => ({ pts: time, dts: time });

/** Packets of both tracks over some seconds, interleaved as they come: `[kind, raw, now in ms]`. */
function stream(from: number, seconds: number, now: number, soundAhead = 0): [TrackKind, number, number][] {
  const packets: [TrackKind, number, number][] = [];
  for (let n = 0; n < seconds * 25; n++) packets.push(['picture', from + n * 3600, now + n * 40]);
  const sounds = Math.floor((seconds * 48_000) / 1024);
  for (let n = 0; n < sounds; n++) {
    packets.push(['sound', from + n * 1920, now + (n * 1920) / 90 - soundAhead]);
  }
  return packets.sort((a, b) => a[2] - b[2]);
}

t.test('the first packet is near zero, and the tracks keep their places', (t) => {
  const timeline = new Timeline();
  const picture = timeline.place('picture', both(at(50_000)), 0);
  const sound = timeline.place('sound', both(at(49_999.7)), 1);
  t.ok(picture.pts >= 0 && picture.pts <= at(2));
  t.equal(picture.pts - sound.pts, at(0.3));
  const later = timeline.place('picture', { pts: at(50_000.12), dts: at(50_000.04) }, 40);
  t.same([later.pts - picture.pts, later.dts - picture.pts], [at(0.12), at(0.04)], 'a B-frame’s times');
  t.end();
});

t.test('a hole stays a hole', (t) => {
  const timeline = new Timeline();
  const before = timeline.place('picture', both(0), 0);
  const after = timeline.place('picture', both(at(9.5)), 9500);
  t.equal(after.pts - before.pts, at(9.5));
  const sound = timeline.place('sound', both(at(9.5)), 9500);
  t.equal(sound.pts, after.pts, 'a track that begins late is where it belongs');
  t.end();
});

t.test('a track that was away for long comes back to where the other is', (t) => {
  const timeline = new Timeline();
  timeline.place('sound', both(0), 0);
  for (let n = 0; n < 60 * 25; n++) timeline.place('picture', both(n * 3600), n * 40);
  const picture = timeline.place('picture', both(at(60)), 60_000);
  const sound = timeline.place('sound', both(at(60)), 60_000);
  t.equal(sound.pts, picture.pts);
  t.end();
});

t.test('a new connection goes on when the clock on the wall says', (t) => {
  const timeline = new Timeline();
  const last = timeline.place('picture', both(at(100)), 1000);
  timeline.reconnect();
  const next = timeline.place('sound', both(at(7)), 3000);
  t.equal(next.pts - last.pts, at(2));
  const picture = timeline.place('picture', both(at(7.5)), 3010);
  t.equal(picture.pts - next.pts, at(0.5));
  t.end();
});

t.test('a new connection at once goes on after what was written', (t) => {
  const timeline = new Timeline();
  // A burst: ten seconds of media at one instant.
  let last = 0;
  for (let n = 0; n < 250; n++) last = timeline.place('picture', both(n * 3600), 5).pts;
  timeline.reconnect();
  t.equal(timeline.place('picture', both(0), 6).pts - last, 3600);
  t.end();
});

t.test('a file has no clock on the wall', (t) => {
  const timeline = new Timeline();
  const last = timeline.place('picture', both(0));
  timeline.reconnect();
  t.equal(timeline.place('picture', both(at(1000))).pts - last.pts, 3600);
  t.end();
});

t.test('after a silence in which the source’s clock jumped, time has passed', (t) => {
  const timeline = new Timeline();
  const last = timeline.place('picture', both(at(100)), 0);
  const next = timeline.place('picture', both(at(1)), 30_000);
  t.equal(next.pts - last.pts, at(30));
  t.end();
});

t.test('property: whatever jump, wherever each track jumps, picture and sound keep their places', (t) => {
  const jump = fc.oneof(
    fc.double({ min: 10.5, max: 1e6, noNaN: true }),
    fc.double({ min: -95_443, max: -8, noNaN: true }),
  );
  fc.assert(
    fc.property(
      jump,
      fc.integer({ min: 0, max: 400 }),
      fc.integer({ min: -400, max: 400 }),
      (seconds, ahead, late) => {
        const timeline = new Timeline();
        const forward = new Forward();
        const from = at(200_000);
        const moved: Record<TrackKind, number[]> = { picture: [], sound: [] };
        let written: Partial<Record<TrackKind, number>> = {};
        for (const [kind, raw, now] of stream(from, 6, 0, ahead)) {
          // The sound's clock jumps a little earlier or later than the picture's.
          const jumps = raw >= from + at(3) + (kind === 'sound' ? late * 90 : 0);
          const source = raw + (jumps ? at(seconds) : 0);
          const { pts } = timeline.place(kind, both(source), now);
          if (forward.accepts(kind, pts)) {
            if (pts <= (written[kind] ?? -1)) return false;
            written = { ...written, [kind]: pts };
          }
          moved[kind].push(pts - source);
        }
        // Before and after it, both were moved by the same.
        const { picture, sound } = moved;
        return (
          picture[0] === sound[0] &&
          picture.at(-1) === sound.at(-1) &&
          new Set([...picture, ...sound]).size <= 2
        );
      },
    ),
  );
  t.pass();
  t.end();
});

t.test('property: after a jump time goes on without a leap', (t) => {
  const jump = fc.integer({ min: -90_000, max: 1_000_000 }).filter((s) => s > 11 || s < -2);
  fc.assert(
    fc.property(jump, (seconds) => {
      const timeline = new Timeline();
      const from = at(200_000);
      const times = stream(from, 4, 0)
        .map(([kind, raw, now]) => ({
          kind,
          pts: timeline.place(kind, both(raw >= from + at(2) ? raw + at(seconds) : raw), now).pts,
        }))
        .filter(({ kind }) => kind === 'picture')
        .map(({ pts }) => pts);
      return times.slice(1).every((pts, index) => pts - (times[index] ?? 0) === 3600);
    }),
  );
  t.pass();
  t.end();
});

t.test('what would go backwards is not let through', (t) => {
  const forward = new Forward();
  t.ok(forward.accepts('sound', 10));
  t.notOk(forward.accepts('sound', 10));
  t.notOk(forward.accepts('sound', 9));
  t.ok(forward.accepts('picture', 5));
  t.ok(forward.accepts('sound', 11));
  t.equal(forward.dropped, 2);
  t.end();
});

t.test('a jump in which nothing is missing costs no sound, whatever the sampling rate', (t) => {
  for (const rate of [48_000, 44_100, 32_000, 22_050, 11_025]) {
    const ticks = (packet: number): number => Math.round((packet * 1024 * 90_000) / rate);
    for (let jump = 3; jump < 60; jump++) {
      const timeline = new Timeline();
      const forward = new Forward();
      for (let packet = 0; packet < jump + 3; packet++) {
        const raw = ticks(packet) + (packet < jump ? 0 : 50 * 60 * 90_000);
        const { pts, joint } = timeline.place('sound', both(raw), (packet * 1024 * 1000) / rate);
        forward.accepts('sound', pts, ticks(1), joint);
      }
      if (forward.dropped > 0) t.fail(`${rate} Hz, packet ${jump}: ${forward.dropped} dropped`);
    }
    t.pass(`${rate} Hz`);
  }
  t.end();
});

t.test('after a jump sound does not begin within what has gone out', (t) => {
  const forward = new Forward();
  t.ok(forward.accepts('sound', 1000, 1920));
  t.ok(forward.accepts('sound', 2919, 1920), 'a tick of rounding is none of our business');
  t.notOk(forward.accepts('sound', 1000, 1920, true));
  t.notOk(forward.accepts('sound', 2920, 1920), 'the next one neither');
  t.notOk(forward.accepts('sound', 4836, 1920));
  t.ok(forward.accepts('sound', 4837, 1920), 'but for ticks of rounding');
  t.ok(forward.accepts('sound', 6700, 1920), 'only at the joint');
  t.ok(forward.accepts('picture', 3000, 0, true), 'no length is known');
  t.equal(forward.dropped, 3);

  const timeline = new Timeline();
  const joints = [0, 1920, 3840, at(900), at(900) + 1920].map(
    (raw) => timeline.place('sound', both(raw), 0).joint,
  );
  t.same(joints, [false, false, false, true, false]);
  timeline.reconnect();
  t.ok(timeline.place('sound', both(at(5)), 1000).joint);
  t.end();
});
