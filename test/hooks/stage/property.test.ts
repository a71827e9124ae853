/** Whatever the hook does and when: order, no picture twice, every handle freed once, nothing left at the end. */
import fc from 'fast-check';
import t from 'tap';
import type { HookSpec } from '../../../src/hooks/spec.ts';
import { nothingLeft, rig } from './fakes.ts';

const specs = fc.record({
  mode: fc.constantFrom<HookSpec['mode']>('inline', 'overlay'),
  whenBehind: fc.constantFrom<HookSpec['whenBehind']>('latest', 'drop-newest', 'block'),
  onError: fc.constantFrom<HookSpec['onError']>('pass', 'hold', 'stop'),
  pick: fc.constantFrom<HookSpec['pick']>(
    { by: 'every', frames: 1 },
    { by: 'every', frames: 4 },
    { by: 'fps', fps: 10 },
    { by: 'keyframes' },
  ),
  runner: fc.constantFrom<HookSpec['runner']>(
    { by: 'command', argv: ['hook'], dir: '/' },
    { by: 'http', url: 'http://127.0.0.1', dialect: { name: 'jpeg' }, quality: 80, inFlight: 3 },
  ),
});

const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant('push' as const), n: fc.integer({ min: 1, max: 4 }) }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('turn' as const), n: fc.nat(120) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const), n: fc.nat(6000) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('answer', 'answer', 'draw', 'replace', 'spoil', 'drop', 'throw'),
        n: fc.nat(5),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom('lost', 'reload', 'swell', 'refuse', 'stop'),
        n: fc.nat(9),
      }),
    },
  ),
  { maxLength: 80 },
);

const picture = (width: number) => ({
  picture: { format: 'gray8' as const, width, height: 1, planes: [] },
});
const answers = {
  answer: {},
  draw: { overlay: { labels: [{ x: 0, y: 0, text: 'x' }] } },
  replace: picture(1),
  spoil: picture(0),
  drop: { drop: true },
};

t.test('no schedule loses a picture, shows one twice, or turns back', async (t) => {
  const holds = fc.assert(
    fc.asyncProperty(specs, steps, fc.integer({ min: 1, max: 3 }), async (spec, plan, inFlight) => {
      let memory = 0;
      let refuses = 0;
      const start = async () => {
        if (refuses-- > 0) throw new Error('refused');
        return { inFlight };
      };
      const r = rig(spec, { start, memory: () => memory });
      let stopped = false;
      let said = 0;
      for (const step of plan) {
        const waiting = r.adapters.flatMap((adapter) => adapter.asked);
        const asked = waiting[Math.max(0, waiting.length - 1 - step.n)];
        if (step.do === 'push') for (let n = 0; n < step.n; n++) r.push();
        else if (step.do === 'turn') await r.clock.turn(step.n);
        else if (step.do === 'throw') asked?.reject('thrown');
        else if (step.do === 'lost')
          r.adapters[Math.max(0, r.adapters.length - 1 - step.n)]?.host.lost('lost');
        else if (step.do === 'reload') r.stage.reload();
        else if (step.do === 'refuse') refuses = step.n;
        else if (step.do === 'swell') {
          memory = 2 ** 40;
          await r.clock.turn(500);
          memory = 0;
        } else if (step.do === 'stop') {
          stopped = true;
          void r.stage.stop();
        } else asked?.resolve(answers[step.do as keyof typeof answers]);
        if (step.do === 'drop') said++;
        if (spec.mode === 'inline' && spec.whenBehind !== 'block' && !stopped) {
          await r.clock.turn(0);
          const { dropped } = r.stage.figures();
          const held = r.pushed - r.emitted.length - dropped;
          const bound = inFlight + (spec.pick.by === 'every' && spec.pick.frames === 1 ? 2 : 4);
          if (held < 0 || held > bound) throw new Error(`${held} held`);
        }
        if (spec.mode === 'inline' && spec.whenBehind === 'block' && spec.onError === 'pass' && !stopped) {
          if (r.stage.figures().dropped > said) throw new Error('dropped more than the hook can have said');
        }
      }
      const out = r.out();
      if (out.some((sequence, n) => n > 0 && sequence <= out[n - 1]!)) throw new Error(`order: ${out}`);
      const left = await r.end();
      const after = r.out();
      if (after.some((sequence, n) => n > 0 && sequence <= after[n - 1]!)) throw new Error(`order: ${after}`);
      if (!stopped && r.emitted.length + r.stage.figures().dropped !== r.pushed)
        throw new Error('one is not accounted for');
      if (JSON.stringify(left) !== JSON.stringify(nothingLeft)) throw new Error(JSON.stringify(left));
    }),
    { numRuns: 400 },
  );
  await t.resolves(holds);
});
