import t from 'tap';
import { Picker } from '../../../src/hooks/stage/pick.ts';

/** Numbers of the pictures that are shown, of `count` at `fps`, when those in `busy` find the hook busy. */
function shown(picker: Picker, count: number, fps: number, busy: number[] = []): number[] {
  const numbers: number[] = [];
  for (let number = 0; number < count; number++) {
    const due = picker.due({ pts: BigInt(Math.round((number * 90_000) / fps)), keyFrame: number % 10 === 3 });
    if (!due || busy.includes(number)) continue;
    picker.taken();
    numbers.push(number);
  }
  return numbers;
}

t.test('every so many', async (t) => {
  t.strictSame(shown(new Picker({ by: 'every', frames: 5 }), 12, 25), [0, 5, 10]);
  t.strictSame(shown(new Picker({ by: 'every', frames: 1 }), 3, 25), [0, 1, 2]);
  t.ok(new Picker({ by: 'every', frames: 1 }).all);
  t.notOk(new Picker({ by: 'every', frames: 2 }).all);
});

t.test('a busy hook gets the next one, and the grid stays', async (t) => {
  t.strictSame(shown(new Picker({ by: 'every', frames: 5 }), 17, 25, [5, 6]), [0, 7, 10, 15]);
  t.strictSame(shown(new Picker({ by: 'every', frames: 5 }), 17, 25, [5, 6, 7, 8, 9, 10, 11]), [0, 12, 15]);
});

t.test('so many a second, by the time of the pictures', async (t) => {
  t.equal(shown(new Picker({ by: 'fps', fps: 2 }), 250, 25).length, 20);
  t.equal(shown(new Picker({ by: 'fps', fps: 10 }), 300, 30).length, 100);
  t.equal(
    shown(new Picker({ by: 'fps', fps: 7 }), 300, 29.97).length,
    70,
    'also where the rates do not divide',
  );
  t.equal(shown(new Picker({ by: 'fps', fps: 50 }), 100, 25).length, 100, 'all of a slower source');
});

t.test('a hole in the stream is not made up for', async (t) => {
  const picker = new Picker({ by: 'fps', fps: 1 });
  const due = (seconds: number) => {
    const is = picker.due({ pts: BigInt(Math.round(seconds * 90_000)), keyFrame: false });
    if (is) picker.taken();
    return is;
  };
  t.strictSame([0, 0.5, 100.2, 100.6, 101, 101.04].map(due), [true, false, true, false, true, false]);
});

t.test('key frames, and no other for one that was missed', async (t) => {
  t.strictSame(shown(new Picker({ by: 'keyframes' }), 30, 25, [13]), [3, 23]);
});
