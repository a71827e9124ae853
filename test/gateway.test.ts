import t from 'tap';
import { clipsOf } from '../src/gateway.ts';
import type { Sink } from '../src/kinds/sinks/index.ts';

t.test('how many clips want an event', async (t) => {
  const usual = { before: 5, after: 5, atMostEvery: 0, overlap: 'merge', longest: 120 } as const;
  const clips = (...on: string[]): Sink => ({ kind: 'clips', dir: '/clips', on, ...usual });
  const some = { to: [clips('person', 'car'), clips('person')] };
  t.same(clipsOf(some, 'person'), { clips: 2, wanted: ['person', 'car'] });
  t.same(clipsOf(some, 'dog'), { clips: 0, wanted: ['person', 'car'] });
  t.same(clipsOf({ to: [clips()] }, 'dog'), { clips: 1, wanted: [] });
  t.same(clipsOf({ to: [{ kind: 'path', path: 'r' }] }, 'dog'), { clips: 0, wanted: [] });
});
