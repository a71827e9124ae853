import t from 'tap';
import { Anchor } from '../../src/record/anchor.ts';
import { EPOCH, initOf } from './support.ts';

const near = (anchor: Anchor, late: number) => Math.abs(anchor.value - EPOCH - late) < 1e-6;

t.test('the earliest of the files within the take', (t) => {
  const anchor = new Anchor(initOf('run', 0, 0, 0.063));
  t.ok(near(anchor, 0.063), 'the file that holds it, for want of a better');
  anchor.add(initOf('run', 1, 4, 0.08));
  t.ok(near(anchor, 0.08), 'which counts no longer then');
  anchor.add(initOf('run', 2, 8, 0.002));
  anchor.add(initOf('run', 3, 12, 0.03));
  t.ok(near(anchor, 0.002));
  t.end();
});

t.test('a clock that was set back moves nothing', (t) => {
  const anchor = new Anchor(initOf('run', 0, 0, 0));
  anchor.add(initOf('run', 0, 0, 0.02));
  anchor.add(initOf('run', 1, 4, -3600));
  anchor.add(initOf('run', 2, 8, 0.01));
  anchor.add(initOf('run', 3, 12, -5.01));
  t.ok(near(anchor, 0.01));
  anchor.add(initOf('run', 4, 16, -4));
  t.ok(near(anchor, -4));
  t.end();
});

t.test('a clock that was set while the slate was on: the first file of the take is right', (t) => {
  for (const late of [-3600, 3600]) {
    const anchor = new Anchor(initOf('run', 0, 0, 0));
    anchor.add(initOf('run', 1, 4, late));
    anchor.add(initOf('run', 2, 8, late + 0.01));
    t.ok(near(anchor, late));
  }
  t.end();
});
