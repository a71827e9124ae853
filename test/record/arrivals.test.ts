/** A stream that is there and can't be recorded is told of; one that is away is not. */
import { join } from 'node:path';
import t from 'tap';
import { Arrivals } from '../../src/record/arrivals.ts';
import { PathRecorder } from '../../src/record/recorded-path.ts';
import type { RecorderReport } from '../../src/record/types.ts';

const path = (online: boolean) => ({ type: 'path', path: 'cam', online, at: 0 }) as const;
const server = (up: boolean) => ({ type: 'server', up, at: 0 }) as const;

function arrivals() {
  const clock = { ms: 0 };
  const all = new Arrivals(() => clock.ms);
  const look = (seconds: number, any = false, on = true): [said: boolean, none: boolean] => {
    clock.ms += seconds * 1000;
    return [all.looked(any, on), all.none];
  };
  return { all, look };
}

t.test('nothing comes of a stream that is there: said once, until something comes', (t) => {
  const { all, look } = arrivals();
  t.same(look(60), [false, false], 'nobody said that it is there');
  all.command(path(true));
  t.same(look(9), [false, false]);
  t.same(look(2), [true, true]);
  t.same(look(1), [false, true]);
  t.same(look(1, true), [false, false], 'it ends by itself');
  t.same(look(11), [false, true], 'not said again and again');
  t.same(look(1, true), [false, false]);
  look(600, true);
  t.same(look(11), [true, true]);
  t.end();
});

t.test('what is away, or may not be recorded, is not missed', (t) => {
  const { all, look } = arrivals();
  all.command(path(true));
  t.same(look(20, false, false), [false, false], 'the disk is full');
  t.same(look(9), [false, false], 'from then on');
  all.command(server(false));
  t.ok(all.over);
  t.same(look(60), [false, false]);
  all.command(server(true));
  t.same(look(9), [false, false]);
  all.command(path(false));
  t.ok(all.over);
  t.same(look(60), [false, false]);
  all.command(path(true));
  t.notOk(all.over);
  t.same(look(11), [true, true]);
  t.end();
});

t.test('a path of which nothing is recorded does not say that it is', async (t) => {
  const dir = t.testdir();
  const reports: RecorderReport[] = [];
  const clock = { ms: 0 };
  const host = {
    ...{ route: 'cam', ffmpeg: 'ffmpeg', signal: new AbortController().signal, digestOf: () => undefined },
    ...{ now: () => 1e9, knownTime: () => 1e9, monotonic: () => clock.ms },
    report: (report: RecorderReport) => void reports.push(report),
  };
  const sinks = [{ kind: 'segments', dir, every: 2, name: '{unix}', format: 'fmp4', reserve: 0 }] as const;
  const ring = join(dir, '.relay', 'ring');
  const recorder = new PathRecorder({ path: 'cam', route: 'cam', ring, sinks: [...sinks] }, host, 1e9);
  t.teardown(() => recorder.close());
  recorder.command(path(true));
  await recorder.look();
  await recorder.look();
  t.match(recorder.figures(), { recording: true, reason: undefined });
  clock.ms += 11_000;
  await recorder.look();
  t.match(recorder.figures(), { recording: false, reason: /^nothing of it reaches the recording/ });
  await recorder.look();
  t.match(
    reports.filter(({ type }) => type === 'log'),
    [{ level: 'warn', route: 'cam', message: /can't record its codecs/ }],
  );
  t.equal(reports.filter(({ type }) => type === 'record').length, 1, 'the server goes on trying');
});
