import t from 'tap';
import { white } from '../../../src/hooks/draw/canvas.ts';
import { glyphOf } from '../../../src/hooks/draw/font.ts';
import { drawTag, drawText, tagSize, textScale, textSize } from '../../../src/hooks/draw/text.ts';
import { art, canvas, drawn } from './support.ts';

t.test('text is drawn dot by dot', async (t) => {
  const picture = canvas(12, 8);
  drawText(picture, 0, 0, 'A1', white, 1);
  t.same(art(picture, 0, drawn), [
    '.###....#...',
    '#...#..##...',
    '#...#...#...',
    '#####...#...',
    '#...#...#...',
    '#...#...#...',
    '#...#..###..',
    '............',
  ]);
});

t.test('every printable character has a picture of its own; all others are a box', async (t) => {
  const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
  const shapes = printable.map((character) => glyphOf(character).join());
  t.equal(new Set(shapes).size, 95);
  t.ok(
    printable.every(
      (character) => glyphOf(character).length === 7 && glyphOf(character).every((row) => row < 32),
    ),
  );
  const box = glyphOf('é');
  for (const character of ['\n', '\x7f', '', '中', '😀', '\x1f']) t.equal(glyphOf(character), box);
  t.notOk(shapes.includes(box.join()));
});

t.test('twice as large: each dot is four pixels', async (t) => {
  const picture = canvas(12, 14);
  drawText(picture, 0, 0, '-', white, 2);
  const rows = art(picture, 0, drawn);
  t.same(rows.slice(5, 9), ['............', '##########..', '##########..', '............']);
  t.same(textSize('ab', 2), { width: 22, height: 14 });
  t.same(textSize('', 2), { width: 0, height: 14 });
  t.same(textSize('😀', 1).width, 5);
});

t.test('the size follows the height of the picture', async (t) => {
  t.same([90, 240, 360, 720, 1080, 2160].map(textScale), [1, 2, 2, 3, 4, 8]);
});

t.test('a tag: dark text on a light colour, light text on a dark one', async (t) => {
  const { width, height } = tagSize('I', 2);
  for (const [background, text] of [
    [[200, 90, 90], 16],
    [[30, 90, 90], 235],
  ] as const) {
    const picture = canvas(width + 2, height + 2);
    drawTag(picture, 0, 0, 'I', background, 2);
    const luma = new Set(
      art(picture, 0, (value) => `${value} `)
        .join('')
        .split(' '),
    );
    t.ok(luma.has(String(text)));
    t.ok(luma.has(String(background[0])));
    t.equal(picture.planes[1]!.data[0], 90);
  }
});

t.test('an endless text costs no more than the picture has room for', async (t) => {
  const picture = canvas(64, 16);
  const before = performance.now();
  drawText(picture, 0, 0, 'x'.repeat(1e6), white, 1);
  drawTag(picture, -1e9, 0, 'x'.repeat(1e6), white, 1);
  t.ok(performance.now() - before < 1000);
  t.ok(picture.intact());
});
