/** `relay hook` up to where libav begins: what is typed is checked first. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { built, relay, startRelay } from '../support/relay.ts';

t.before(built);
const root = fileURLToPath(new URL('../../', import.meta.url));
const dir = t.testdir({
  'relay.yaml': `sources: { bars: { test: bars } }
routes:
  plain: { from: bars }
  lobby: { from: bars, hook: relay:gray }
`,
  'bad.yaml': 'sources: { bars: { test: bars } }\nroutes: { lobby: { from: bars, hook: relay:grya } }\n',
  'clip.mp4': 'not one',
});
const at = { cwd: dir };

t.test('wrong usage: exit 2, and what helps', async (t) => {
  const cases: [string[], RegExp][] = [
    [[], /relay hook needs a word more: test or bench\n.*relay hook --help/],
    [['tset', 'relay:gray', 'clip.mp4'], /there is no command hook tset; did you mean test\?/],
    [['test'], /which clip\?/],
    [['test', 'clip.mp4'], /which hook, and which clip\? clip\.mp4 is only one/],
    [['test', 'relay:gray', 'clip.mp4', 'more'], /unknown: more/],
    [['test', 'relay:gray', 'clip.mp4', '--goldn', 'g'], /did you mean --golden\?\n.*relay hook test --help/],
    [['test', 'relay:gray', 'none.mp4'], /there is no file none\.mp4/],
    [['test', 'relay:gray', '.'], /\. is not a file/],
    [['test', 'relay:grya', 'clip.mp4'], /no hook "relay:grya".*\n.*relay:gray/],
    [['test', 'hook.py', 'clip.mp4'], /ends in \.ts/],
    [['test', './none.ts', 'clip.mp4'], /there is no file .*none\.ts/],
    [['test', 'relay:gray', 'clip.mp4', '--options', '{x'], /--options is no JSON/],
    [['test', 'relay:gray', 'clip.mp4', '--size', '3'], /expected a size/],
    [['test', 'relay:gray', 'clip.mp4', '--timeout', '1h'], /.+/],
    [['test', 'relay:gray', 'clip.mp4', '--mode', 'beside'], /"inline", "overlay"/],
    [['test', 'relay:gray', 'clip.mp4', '--mode', 'inline', '--mode', 'overlay'], /--mode was given twice/],
    [['test', 'relay:gray', 'clip.mp4', '--update'], /--update needs --golden/],
    [['test', 'relay:gray', 'clip.mp4', '--', 'python3', 'x.py'], /named twice: as relay:gray and by --/],
    [['test', 'clip.mp4', '--route', 'lobby', '--', 'cat'], /named twice: by --route and by --/],
    [
      ['test', 'clip.mp4', '--route', 'loby'],
      /there is no route loby in relay\.yaml\n.*did you mean lobby\?/,
    ],
    [['test', 'clip.mp4', '--route', 'plain'], /route plain has no hook in relay\.yaml\n.*lobby/],
    [['bench', 'relay:gray', 'clip.mp4', '--frames', '0'], /--frames must be/],
  ];
  for (const [args, message] of cases) {
    const { code, out, err } = await relay(t, ['hook', ...args], at);
    t.equal(code, 2, args.join(' '));
    t.match(err, message, args.join(' '));
    t.notMatch(err, /\n {4}at /, 'no stack');
    t.equal(out, '');
  }
});

t.test('a relay.yaml that is broken or missing: exit 78', async (t) => {
  const args = ['hook', 'test', 'clip.mp4', '--route', 'lobby', '--config'];
  t.match(await relay(t, [...args, 'bad.yaml'], at), { code: 78, out: '', err: /bad\.yaml:2:.*relay:grya/ });
  t.match(await relay(t, [...args, 'none.yaml'], at), { code: 78, err: /there is no file none\.yaml/ });
});

t.test('help teaches', async (t) => {
  const help = async (...words: string[]) => (await relay(t, ['hook', ...words, '--help'], at)).out;
  t.match(await help(), /relay hook test .*[\s\S]*relay hook bench .*[\s\S]*Examples:/);
  t.match(
    await help('test'),
    /hook test <clip> -- <program> \[words\.\.\][\s\S]*--golden[\s\S]*Examples:[\s\S]*Exit codes:/,
  );
  t.match(await help('bench'), /--frames[\s\S]*Examples:[\s\S]*Exit codes:/);
});

t.test('without node-av: exit 69 and how to get it; all else works', async (t) => {
  // Not below this checkout, whose node_modules would be found.
  const bare = mkdtempSync(join(tmpdir(), 'relay-bare-'));
  t.teardown(() => rmSync(bare, { recursive: true, force: true }));
  cpSync(join(root, 'dist'), join(bare, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(bare, 'package.json'));
  mkdirSync(join(bare, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== 'node-av') symlinkSync(join(root, 'node_modules', name), join(bare, 'node_modules', name));
  }
  const cli = join(bare, 'dist', 'cli.js');
  const run = startRelay(t, ['hook', 'test', 'relay:gray', 'clip.mp4'], { ...at, cli });
  t.equal(await run.ended, 69);
  t.match(run.err(), /hooks need node-av\n.*npm install node-av@/);
  const check = startRelay(t, ['check'], { ...at, cli });
  t.equal(await check.ended, 0, check.err());
});
