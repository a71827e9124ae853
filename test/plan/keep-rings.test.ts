import t from 'tap';
import type { RecordSink } from '../../src/kinds/sinks/index.ts';
import { endedRings, keepRings, ringOf } from '../../src/plan/keep-rings.ts';
import type { Plan } from '../../src/plan/types.ts';

const segments = (dir: string): RecordSink => ({
  kind: 'segments',
  dir,
  every: 60,
  name: '{unix}',
  format: 'fmp4',
});

/** Paths with the folders of their sinks: the first one has the ring. */
function planOf(paths: Record<string, string[]>): Plan {
  const recorded = Object.entries(paths).map(([path, dirs]) => ({
    path,
    route: path,
    ring: ringOf(segments(dirs[0]!)),
    sinks: dirs.map(segments),
  }));
  return {
    units: recorded.length === 0 ? [] : [{ id: 'recorder', kind: 'recorder', paths: recorded }],
    paths: recorded.map(({ path, ring }) => ({ name: path, record: { ring } })),
  } as unknown as Plan;
}

const rings = (plan: Plan) => plan.paths.map(({ name, record }) => [name, record?.ring]);
const sinksOf = (plan: Plan) =>
  plan.units.flatMap((unit) =>
    unit.kind === 'recorder'
      ? unit.paths.map(({ sinks }) => sinks.map((sink) => 'dir' in sink && sink.dir))
      : [],
  );

t.test('a ring stays while one of the sinks has its folder, and that sink comes first', (t) => {
  const from = planOf({ a: ['/x', '/y'], b: ['/b'] });
  for (const dirs of [
    ['/y', '/x'],
    ['/z', '/x'],
  ]) {
    const to = keepRings(from, planOf({ a: dirs, b: ['/b'] }));
    t.strictSame(rings(to), [
      ['a', '/x/.relay/ring'],
      ['b', '/b/.relay/ring'],
    ]);
    t.strictSame(sinksOf(to), [['/x', dirs[0]], ['/b']]);
    t.strictSame(endedRings(from, to), []);
  }
  t.strictSame(keepRings(from, from), from);
  t.end();
});

t.test('a ring ends when its folder is no sink of the route any more', (t) => {
  const from = planOf({ a: ['/x', '/y'], b: ['/b'] });
  const to = keepRings(from, planOf({ a: ['/y'] }));
  t.strictSame(rings(to), [['a', '/y/.relay/ring']]);
  t.strictSame(endedRings(from, to), [
    { path: 'a', ring: '/x/.relay/ring' },
    { path: 'b', ring: '/b/.relay/ring' },
  ]);
  t.strictSame(endedRings(from, planOf({})).length, 2);
  t.end();
});
