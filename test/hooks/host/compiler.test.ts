import { readdirSync } from 'node:fs';
import t from 'tap';
import { Compiler } from '../../../src/hooks/host/compiler.ts';

const typed = (name: string) => ({
  source: `export const ${name}: number = 1;`,
  filename: `${name}.ts`,
  ts: true,
});

t.test(
  'its thread ends, and another one is started when more is imported',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const threads = () => readdirSync('/proc/self/task').length;
    const { compile } = new Compiler();
    const before = threads();
    compile(typed('a'));
    t.ok(threads() > before);
    const from = performance.now();
    while (threads() > before && performance.now() - from < 30_000)
      await new Promise((wake) => setTimeout(wake, 20));
    t.equal(threads(), before, 'the thread is gone');
    t.match(compile(typed('b')).code, /exports\.b/);
  },
);

t.test('types go, the code stays', async (t) => {
  const { compile } = new Compiler();
  const { code } = compile(typed('a'));
  t.match(code, /exports\.a/);
  t.notMatch(code, /number/);
  t.match(compile(typed('b')).code, /exports\.b/, 'the same thread takes another file');
});

t.test('what is no TypeScript is told with its place', async (t) => {
  const { compile } = new Compiler();
  const { code } = compile({ source: 'const a: = 1;', filename: 'wrong.ts', ts: true });
  t.match(code, /__JITI_ERROR__.*wrong\.ts","line":1,/, 'as the importer expects it');
  t.match(compile(typed('a')).code, /exports\.a/, 'and the next file is compiled');
});
