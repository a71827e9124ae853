import t from 'tap';
import { Sampler } from '../../../src/hooks/offline/sampler.ts';

function sample(count: number): { kept: number[]; made: number } {
  const sampler = new Sampler<number>(5);
  let made = 0;
  for (let at = 0; at < count; at++) {
    sampler.offer(() => {
      made++;
      return at;
    });
  }
  return { kept: sampler.kept, made };
}

t.test('evenly spread, never more than asked for', async (t) => {
  t.same(sample(0).kept, []);
  t.same(sample(3).kept, [0, 1, 2]);
  t.same(sample(5).kept, [0, 1, 2, 3, 4]);
  t.same(sample(6).kept, [0, 2, 4]);
  t.same(sample(150).kept, [0, 32, 64, 96, 128]);
  for (let count = 1; count < 500; count++) {
    const { kept } = sample(count);
    const gaps = new Set(kept.slice(1).map((at, index) => at - kept[index]!));
    t.ok(kept.length <= 5 && kept.length >= Math.min(count, 3) && gaps.size <= 1, `${count}: ${kept}`);
  }
});

t.test('few pictures are made for it', async (t) => {
  t.ok(sample(100_000).made < 60, String(sample(100_000).made));
});
