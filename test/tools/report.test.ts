import { PassThrough } from 'node:stream';
import t from 'tap';
import { createReport, timed } from '../../src/tools/report.ts';

function collected() {
  const stream = new PassThrough();
  return { stream, text: () => String(stream.read() ?? '') };
}

t.test('on a terminal one line is redrawn and cleared', async (t) => {
  const { stream, text } = collected();
  const report = createReport(stream, { terminal: true, columns: 20, every: 60_000 });
  report.progress('half of something very long');
  report.progress('too soon');
  report.say('done');
  report.end();
  t.equal(text(), '\r\x1b[Khalf of something v\r\x1b[Kdone\n');
});

t.test('elsewhere progress is a line now and then', async (t) => {
  const { stream, text } = collected();
  const rare = createReport(stream, { terminal: false, every: 60_000 });
  rare.say('start');
  rare.progress('10 %');
  rare.say('end');
  t.equal(text(), 'start\nend\n');
  const often = createReport(stream, { terminal: false, every: 0 });
  often.progress('20 %');
  t.equal(text(), '20 %\n');
});

t.test('seconds of steps that cannot say how far they are', async (t) => {
  const { stream, text } = collected();
  const report = createReport(stream, { terminal: false, every: 0 });
  const seen = new Promise<void>((done) => stream.once('readable', done));
  await timed(report, () => 'building', seen);
  t.match(text(), /^building, \d+ s\n/);
});
