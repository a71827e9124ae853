import t from 'tap';
import { inOrder } from '../../src/record/ring-order.ts';
import { initOf } from './support.ts';

/** `a1@5`: file 1 of run a, whose name says 5. */
function order(files: string, held = '', { setBack = false, seen = '' } = {}): string {
  const entries = files.split(' ').map((each) => {
    const [file, name] = each.split('@') as [string, string];
    return { file, name: name.padStart(3, '0'), init: initOf(file[0]!, Number(file[1]), 0) };
  });
  const runs = new Map([...held].map((run) => [run, 1]));
  return inOrder(entries, new Set(seen), { runs, setBack })
    .map(({ file }) => file)
    .join(' ');
}

t.test('within a run numbers count, between runs that nobody knows names do', (t) => {
  t.equal(order('a1@1 b0@2 a0@3'), 'b0 a0 a1');
  t.equal(order('a0@1 a1@2 b0@3 b1@4'), 'a0 a1 b0 b1');
  t.equal(order('b0@1 a0@3', '', { seen: 'a' }), 'a0 b0', 'one that was seen goes on first');
  t.end();
});

t.test('runs of a ledger are in its order', (t) => {
  t.equal(order('b0@1 b1@2 a0@8', 'ab'), 'a0 b0 b1');
  t.equal(order('c0@1 b0@4 a0@8', 'xabc'), 'a0 b0 c0');
  t.end();
});

t.test('a run that the ledger does not hold', (t) => {
  t.equal(order('n0@1 a0@3', 'a'), 'n0 a0', 'had no footage');
  t.equal(order('n0@1 a0@3', 'a', { setBack: true }), 'a0 n0', 'the clock was set back: it is new');
  t.equal(order('a0@3 n0@5', 'a'), 'a0 n0');
  t.equal(order('n0@5 b0@6 a0@8 c0@9', 'ab'), 'a0 n0 b0 c0', 'the last one of the ledger tells');
  t.equal(order('n0@5 a0@8', 'ab'), 'a0 n0', 'which may be gone');
  t.end();
});
