import fc from 'fast-check';
import t from 'tap';
import { nameProblem, segmentName } from '../../src/record/names.ts';

const values = { from: 1_795_284_543.867_672, route: 'yard/gate', seq: 42 };

t.test('what stands for what', (t) => {
  const name = (template: string) => segmentName(template, values);
  t.equal(name('{unix}'), '1795284543.867');
  t.equal(name('{utc}'), '20261121T180903.867Z');
  t.equal(name('{route}/day-{seq}'), 'yard~gate/day-000042');
  t.equal(segmentName('{unix}', { ...values, from: 1_795_284_543.867 }), '1795284543.867');
  t.equal(
    segmentName('{unix}', { ...values, from: 1_795_284_500 + 43.867 - 2e-7 }),
    '1795284543.867',
    'rounding',
  );
  t.equal(segmentName('{unix}', { ...values, from: 1_795_284_544 }), '1795284544.000');
  t.end();
});

t.test('templates that will do', (t) => {
  for (const template of ['{unix}', '{utc}', 'cam_{seq}', '{route}/{unix}-{seq}.part', 'a/b/{utc}'])
    t.equal(nameProblem(template), undefined, template);
  t.end();
});

t.test('templates that will not', (t) => {
  const bad: [string, RegExp][] = [
    ['', /holds \{unix\}/],
    ['{route}', /holds \{unix\}/],
    ['{unixx}', /\{unixx\} stands for nothing/],
    ['{constructor}-{seq}', /stands for nothing/],
    ['{unix} {seq}', /letters, digits/],
    ['{unix', /holds/],
    ['{{unix}}', /letters/],
    ['~{unix}', /letters/],
    ['ü{unix}', /letters/],
    ['\\{unix}', /letters/],
    ['../{unix}', /begins with "."/],
    ['./{unix}', /begins with "."/],
    ['.relay/{unix}', /begins with "."/],
    ['/{unix}', /empty folder/],
    ['{unix}/', /empty folder/],
    ['a//{unix}', /empty folder/],
    [`${'a'.repeat(200)}{seq}`, /200 characters/],
  ];
  for (const [template, problem] of bad) t.match(nameProblem(template), problem, template);
  t.match(nameProblem('{route}-{seq}', 'r'.repeat(240)), /230/);
  t.end();
});

t.test('property: a name that passed stays below its folder', (t) => {
  const part = fc.constantFrom(
    '{unix}',
    '{utc}',
    '{seq}',
    '{route}',
    '/',
    '.',
    '..',
    'a',
    '-',
    '~',
    '\\',
    '\0',
    '{',
    '}',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const template = parts.join('');
      if (nameProblem(template, values.route)) return true;
      const name = segmentName(template, values);
      return name.split('/').every((each) => /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/.test(each));
    }),
    { numRuns: 2000 },
  );
  t.pass();
  t.end();
});
