import t from 'tap';
import { closest } from '../../src/config/closest.ts';

const cases: [string, string[], string | undefined][] = [
  ['splitt', ['from', 'split', 'to'], 'split'],
  ['slpit', ['from', 'split', 'to'], 'split'],
  ['form', ['from', 'split', 'to'], 'from'],
  ['Lobby', ['door', 'lobby'], 'lobby'],
  ['lobyb', ['lob', 'lobby'], 'lobby'],
  ['garden', ['door', 'lobby'], undefined],
  ['x', [], undefined],
  ['', ['a'], 'a'],
];

for (const [name, candidates, expected] of cases) {
  t.equal(closest(name, candidates), expected, `${name} among ${candidates.join(', ')}`);
}

t.test('long names cost little', async (t) => {
  const candidates = Array.from({ length: 500 }, (_, index) => `${'k'.repeat(10_000)}${index}`);
  const start = process.cpuUsage();
  closest('j'.repeat(10_000), candidates);
  t.ok(process.cpuUsage(start).user < 1e6);
});
