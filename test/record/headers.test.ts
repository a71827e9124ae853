import t from 'tap';
import { Headers } from '../../src/record/headers.ts';
import type { Init, Take } from '../../src/record/types.ts';
import { initOf } from './support.ts';

const headers = () => new Headers(({ moov }) => moov.toString() || undefined);
const initWith = (parameters: string, number = 0, run = 'run'): Init => ({
  ...initOf(run, number, number),
  moov: Buffer.from(parameters),
});
const take = (init: Init): Take => ({ run: init.run, number: 0, init, anchor: 0 });

t.test('the first header with the parameters of a cut, of its run', (t) => {
  const known = headers();
  const [slate, camera] = [initWith('slate'), initWith('camera', 1)];
  for (const init of [slate, camera, initWith('camera', 2)]) known.add(init);
  t.equal(known.find(take(slate), 'camera'), camera);
  t.equal(known.find(take(slate), 'other'), undefined);
  t.equal(known.find(take(slate), undefined), slate, 'any will do');
  known.add(initWith('camera', 0, 'next'));
  t.equal(known.find(take(slate), 'camera'), undefined);
  t.end();
});

t.test('a camera that changes its parameters for ever does not fill the memory', (t) => {
  const known = headers();
  const slate = initWith('slate');
  const count = (): number =>
    Array.from({ length: 1000 }, (_, n) => known.find(take(slate), `camera ${n}`)).filter(Boolean).length;
  for (let n = 0; n < 1000; n++) {
    known.add(initWith(`camera ${n}`, n));
    if (n % 10 === 0) known.add(n === 0 ? slate : initWith('slate', n));
  }
  t.equal(count(), 15);
  t.ok(known.find(take(slate), 'camera 999'));
  t.equal(known.find(take(slate), 'slate'), slate, 'what comes again and again stays, as it came first');
  t.end();
});
