import t from 'tap';
import { deviceOrder } from '../../../src/hooks/libav/hardware.ts';
import { threadsFor } from '../../../src/hooks/libav/threads.ts';

t.test('devices in the platform’s order, or the one that was named', (t) => {
  t.same(deviceOrder('none', 'linux'), []);
  t.same(deviceOrder('auto', 'linux'), ['nvenc', 'vaapi', 'qsv']);
  t.same(deviceOrder('auto', 'darwin'), ['videotoolbox']);
  t.same(deviceOrder('auto', 'win32'), ['nvenc', 'qsv']);
  t.same(deviceOrder('auto', 'freebsd'), []);
  t.same(deviceOrder('qsv', 'linux'), ['qsv']);
  t.end();
});

t.test('one thread up to 720p30', (t) => {
  t.equal(threadsFor(1280, 720, 30), 1);
  t.equal(threadsFor(1280, 720, 50), 0);
  t.equal(threadsFor(1920, 1080, 25), 0);
  t.equal(threadsFor(0, 0, 25), 1);
  t.end();
});
