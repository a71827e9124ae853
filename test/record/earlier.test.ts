import t from 'tap';
import { Runs } from '../../src/record/earlier.ts';

t.test('each run, where what there is of it ends, in the order of the segments', (t) => {
  const runs = new Runs();
  t.strictSame([...runs.ends()], []);
  // As a ledger gives them whose later day has an earlier name.
  for (const [run, seq, endDts] of [
    ['b', 3, 10],
    ['b', 4, 20],
    ['a', 0, 100],
    ['a', 2, 300],
    ['a', 1, 200],
  ] as const)
    runs.note({ run, seq, endDts });
  t.strictSame(
    [...runs.ends()],
    [
      ['a', 300],
      ['b', 20],
    ],
  );
  t.end();
});

t.test('the last ones', (t) => {
  const runs = new Runs();
  for (let seq = 0; seq < 5500; seq++) runs.note({ run: `run-${seq}`, seq, endDts: seq });
  const ends = [...runs.ends()];
  t.ok(ends.length >= 1000 && ends.length <= 2000);
  t.strictSame(ends.at(-1000), ['run-4500', 4500]);
  t.end();
});
