import t from 'tap';
import type { UnitState } from '../../src/observe/state.ts';
import { LifeCycle } from '../../src/units/life-cycle.ts';

t.test('a whole life', async (t) => {
  const life = new LifeCycle();
  t.equal(life.state, 'idle');
  const path: UnitState[] = [
    'starting',
    'running',
    'stopping',
    'waiting',
    'starting',
    'waiting',
    'idle',
    'starting',
    'finished',
    'idle',
  ];
  for (const state of path) {
    life.move(state);
    t.equal(life.state, state);
  }
});

t.test('an illegal move is a defect, and changes nothing', async (t) => {
  const life = new LifeCycle();
  for (const state of ['idle', 'running', 'waiting', 'stopping', 'finished'] as const) {
    t.throws(() => life.move(state), {
      code: 'RELAY_STATE',
      message: `a unit can't move from idle to ${state}`,
    });
  }
  t.equal(life.state, 'idle');
});
