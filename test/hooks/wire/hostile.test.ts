/** Hooks that break the rules of the wire: a wrong answer costs its frame, what can't be understood the connection. */
import t from 'tap';
import { adapt, command, fixture, gray, never } from './support.ts';

t.setTimeout(60_000);
const hostile = (what: string) => command(process.execPath, fixture('hostile.mjs'), what);

const refused: Record<string, RegExp> = {
  'http-hello': /does not speak the wire: a header of \d+ bytes/,
  'new-version': /speaks version 2, this is version 1/,
  'no-hello': /ready before hello/,
  'bad-credits': /hello: credits/,
};
for (const [what, reason] of Object.entries(refused)) {
  t.test(`${what}: it does not start`, async (t) => {
    const { adapter, noted } = adapt(t, hostile(what));
    await t.rejects(adapter.start(never), { message: reason });
    t.same(noted.losses, []);
  });
}

const lost: Record<string, RegExp> = {
  unknown: /an answer to frame 4711, which it has not got/,
  negative: /result: sequence/,
  garbage: /a header of 4294967295 bytes/,
  json: /a header that is not JSON/,
  list: /not an object with a "type"/,
  type: /a message of type "__proto__"/,
  payload: /a payload in log/,
  again: /an answer to frame 0, which it has not got/,
  closes: /it closed its connection/,
};
for (const [what, reason] of Object.entries(lost)) {
  t.test(`${what}: it is lost`, async (t) => {
    const { adapter, noted } = adapt(t, hostile(what));
    await adapter.start(never);
    const answer = adapter.process(gray(0), never);
    if (what === 'again') await answer;
    else await t.rejects(answer, { message: reason });
    await noted.until(({ losses }) => losses.length > 0);
    t.match(noted.losses, [reason]);
    await t.rejects(adapter.process(gray(1), never), { message: reason });
  });
}

const failed: Record<string, RegExp> = {
  short: /3 bytes of pixels, not 32/,
  planes: /a gray8 picture has 1 planes, not 0/,
  beyond: /plane 0 ends at byte 33 of 32/,
  stride: /rows of 8 bytes, a stride of 7/,
  huge: /result: picture.width/,
  memory: /this frame was not in shared memory/,
  infinite: /result: overlay.boxes.0.x/,
  boxes: /result: overlay.boxes/,
  color: /a colour is "#rrggbb"/,
};
for (const [what, reason] of Object.entries(failed)) {
  t.test(`${what}: the frame fails, the next one does not`, async (t) => {
    const { adapter, noted } = adapt(t, hostile(what));
    await adapter.start(never);
    await t.rejects(adapter.process(gray(0), never), { message: reason });
    t.same(await adapter.process(gray(1), never), { meta: 'good' });
    t.same(noted.losses, []);
  });
}
