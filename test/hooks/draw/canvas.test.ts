import t from 'tap';
import { fillPolygon, fillRect, isColor, white, yuvOf } from '../../../src/hooks/draw/canvas.ts';
import { art, canvas, drawn } from './support.ts';

t.test('colours are limited range, by BT.601 up to 576 rows and BT.709 above', async (t) => {
  t.same(yuvOf('#ffffff', '#000000', 360), [235, 128, 128]);
  t.same(yuvOf('#000000', '#ffffff', 1080), [16, 128, 128]);
  t.same(yuvOf('#ff0000', '#000000', 576), [81, 90, 240]);
  t.same(yuvOf('#FF0000', '#000000', 720), [63, 102, 240]);
  t.same(yuvOf('#00ff00', '#000000', 480), [145, 54, 34]);
  t.same(yuvOf('red', '#0000ff', 480), yuvOf('#0000ff', '#000000', 480), 'what is no colour is the fallback');
  t.same(yuvOf(undefined, '#0000ff', 480), yuvOf('#0000ff', '#000000', 480));
  t.same(['#12ab9F', '#12ab9', 'x#12ab9f', 5, undefined].map(isColor), [true, false, false, false, false]);
});

t.test('a rectangle fills its pixels and all chroma that it touches', async (t) => {
  const picture = canvas(8, 6);
  fillRect(picture, 1, 1, 4, 3, [200, 100, 50]);
  t.same(
    art(picture, 0, (value) => (value === 200 ? '#' : '.')),
    ['........', '.###....', '.###....', '........', '........', '........'],
  );
  t.same(
    art(picture, 1, (value) => (value === 100 ? '#' : '.')),
    ['##..', '##..', '....'],
  );
  t.same(
    art(picture, 2, (value) => (value === 50 ? '#' : '.')),
    ['##..', '##..', '....'],
  );
});

t.test('a rectangle beyond the picture is cut off; one of an odd size has its last chroma', async (t) => {
  const picture = canvas(5, 3);
  fillRect(picture, -100, -100, 1e308, Number.POSITIVE_INFINITY, white);
  for (const plane of [0, 1, 2]) t.notOk(art(picture, plane, drawn).join('').includes('.'));
  t.equal(picture.planes[1]!.data[picture.planes[1]!.stride + 2], 128);
  t.ok(picture.intact());
});

t.test('numbers that are none draw nothing', async (t) => {
  const picture = canvas(8, 8);
  for (let hole = 0; hole < 4; hole++) {
    const at = [1, 1, 5, 5].map((value, index) => (index === hole ? Number.NaN : value));
    fillRect(picture, at[0]!, at[1]!, at[2]!, at[3]!, white);
  }
  fillRect(picture, 5, 5, 1, 1, white);
  t.notMatch(art(picture, 0, drawn).join(''), '#');
});

t.test('a polygon fills the pixels whose centre it holds', async (t) => {
  const picture = canvas(8, 6);
  const corners = [
    [0, 0],
    [8, 0],
    [0, 6],
  ] as const;
  fillPolygon(picture, corners, [200, 100, 50], 1);
  t.same(art(picture, 0, drawn), ['#######.', '######..', '#####...', '###.....', '##......', '#.......']);
  t.same(art(picture, 1, drawn), ['###.', '##..', '#...']);
});

t.test('a hole by the even-odd rule; a share of opacity', async (t) => {
  const picture = canvas(8, 2);
  fillPolygon(
    picture,
    [
      [0, 0],
      [8, 0],
      [8, 2],
      [0, 2],
      [0, 0],
      [2, 0],
      [2, 2],
      [6, 2],
      [6, 0],
      [2, 0],
    ],
    [177, 77, 77],
    0.5,
  );
  t.same([...picture.planes[0]!.data.subarray(0, 8)], [127, 127, 77, 77, 77, 77, 127, 127]);
});
