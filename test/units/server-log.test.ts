import { mock } from 'node:test';
import t from 'tap';
import { silentLog } from '../../src/observe/log.ts';
import { ServerLog } from '../../src/units/server-log.ts';

t.test('trouble that repeats is told once, then once a minute how often', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const told: string[] = [];
  const log = Object.assign(silentLog(), { warn: (_: unknown, line: string) => told.push(line) });
  const server = new ServerLog(log);
  const say = (line: string): void =>
    server.push(Buffer.from(`${JSON.stringify({ level: 'WAR', message: line })}\n`));
  const took = (): string[] => told.splice(0);

  for (let n = 0; n < 1000; n++) {
    say(`[path cam1] [recorder] sample of track 2 is ${n}.5s late`);
    if (n % 2 === 0) say('[path cam2] [recorder] sample of track 2 is 1m0s late');
  }
  say('[path cam] [recorder] is full');
  t.same(took(), [
    '[path cam1] [recorder] sample of track 2 is 0.5s late',
    '[path cam2] [recorder] sample of track 2 is 1m0s late',
    '[path cam] [recorder] is full',
  ]);
  mock.timers.tick(60_000);
  t.same(took(), [
    '[path cam1] [recorder] sample of track 2 is 999.5s late (999 times more)',
    '[path cam2] [recorder] sample of track 2 is 1m0s late (499 times more)',
  ]);
  say('[path cam1] [recorder] sample of track 2 is 7s late');
  t.same(took(), [], 'it goes on');
  mock.timers.tick(60_000);
  t.same(took(), ['[path cam1] [recorder] sample of track 2 is 7s late (once more)']);
  mock.timers.tick(60_000);
  t.same(took(), [], 'it is over');
  say('[path cam1] [recorder] sample of track 2 is 8s late');
  t.same(took(), ['[path cam1] [recorder] sample of track 2 is 8s late'], 'it begins again');
  say("path 'cam1' is not there");
  say("path 'cam2' is not there");
  t.equal(took().length, 2, 'names are no numbers');
});
