import t from 'tap';
import motion from '../../../src/hooks/builtin/motion.ts';
import { frameOf, started } from './support.ts';

/** A bright square of 20 pixels on a dark picture. */
const square = (at: number, seconds = 0) =>
  frameOf('gray8', 160, 90, {
    seconds,
    fill: (x, y) => (x >= at && x < at + 20 && y >= 30 && y < 50 ? 200 : 50),
  });

t.test('what appears is an event with its place, and a box', async (t) => {
  const process = await started(motion);
  t.equal(await process(square(-20)), undefined, 'the first picture is compared with nothing');
  t.equal(await process(square(-20)), undefined);
  t.same(await process(square(40)), {
    overlay: { boxes: [{ x: 40, y: 30, width: 20, height: 20, label: 'motion' }] },
    event: 'motion',
    data: { area: 0.028, box: { x: 0.25, y: 0.333, width: 0.125, height: 0.222 } },
  });
});

t.test('what stays becomes background', async (t) => {
  const process = await started(motion);
  await process(square(-20));
  let frames = 0;
  while ((await process(square(40))) !== undefined) frames++;
  t.ok(frames > 1 && frames < 15, `${frames} frames`);
});

t.test(
  'the next event comes after the cooldown, by the time of the stream, also when it jumps back',
  async (t) => {
    const process = await started(motion, { cooldown: 2 });
    const events: number[] = [];
    for (const [index, seconds] of [0, 10, 10.5, 11.9, 12, 13, 3, 3.5, 5].entries()) {
      const result = await process(square(index % 2 === 0 ? 0 : 60, seconds));
      if (index > 0) t.ok(result?.overlay?.boxes?.length === 1, `a box at ${seconds} s`);
      if (result?.event === 'motion') events.push(seconds);
    }
    t.same(events, [10, 12, 3, 5]);
  },
);

t.test('small changes in brightness or area are none', async (t) => {
  const faint = (value: number) => frameOf('gray8', 160, 90, { fill: () => value });
  const careful = await started(motion, { threshold: 60 });
  await careful(faint(50));
  t.equal(await careful(faint(100)), undefined);
  const coarse = await started(motion, { area: 0.03 });
  await coarse(square(-20));
  t.equal(await coarse(square(40)), undefined);
});

t.test('a new size begins anew; layouts without a plane of brightness are refused', async (t) => {
  const process = await started(motion);
  await process(square(-20));
  t.equal(await process(frameOf('yuv420p', 40, 30, { fill: () => 200 })), undefined);
  t.ok(await process(frameOf('yuv420p', 40, 30, { fill: () => 20 })));
  await t.rejects(process(frameOf('rgb24', 160, 90)), /not on rgb24/);
});

t.test('it never opens the frame for writing: its small grey picture would be the video', async (t) => {
  const process = await started(motion);
  for (const at of [0, 60]) {
    const frame = square(at);
    const pixels = frame.copy();
    const shown = Object.defineProperty({ ...frame, copy: () => pixels }, 'planes', {
      get: () => t.fail('planes were opened'),
    });
    t.equal((await process(shown))?.event, at === 0 ? undefined : 'motion');
  }
});

t.test('wrong options are named', async (t) => {
  await t.rejects(started(motion, { threshold: 0 }), /options\.threshold must be a number from 1 to 255/);
  await t.rejects(started(motion, { area: '0.1' }), /options\.area must be a number from 0 to 1/);
  await t.rejects(started(motion, { cooldown: Number.NaN }), /options\.cooldown/);
  await t.rejects(started(motion, { treshold: 3 }), /options\.treshold is no option/);
});
