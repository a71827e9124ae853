/**
 * `npm test`: everything that the tests need, then all of them, or those below the paths that are given
 * (`npm test -- test/config`). Two run side by side, but those alone that measure times. The last line counts assertions.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve, sep } from 'node:path';
import { fetchPrograms } from './lib/programs.mjs';
import { end, prepare, root, spawned } from './lib/setup.mjs';

await prepare();

const endToEnd = join('test', 'e2e') + sep;

/** A neighbour on the other core would be measured too. */
const timed =
  /^(hooks-(misbehave|slow|sync)|recovery|record-(disk|segments|support)|reload|sources|sync)\.test\.ts$/;

const files = testFiles(process.argv.slice(2));
const unit = files.filter((file) => !file.startsWith(endToEnd));
const e2e = files.filter((file) => file.startsWith(endToEnd));
const alone = e2e.filter((file) => timed.test(basename(file)));
const beside = e2e.filter((file) => !timed.test(basename(file)));
if (files.length === 0) end(`no tests below ${process.argv.slice(2).join(' ')}`, 2);

if (e2e.length > 0) await fetchPrograms();

const total = { passed: 0, failed: 0, skipped: 0 };
const work = mkdtempSync(join(tmpdir(), 'relay-test-'));
try {
  if (unit.length > 0) await tap('unit', unit, ['--jobs=2', '--timeout=120']);
  if (beside.length > 0) await tap('e2e', beside, ['--jobs=2', '--timeout=900']);
  if (alone.length > 0) await tap('e2e-timed', alone, ['--jobs=1', '--timeout=900']);
} finally {
  rmSync(work, { recursive: true, force: true });
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

function testFiles(wanted) {
  const starts = wanted.length > 0 ? wanted : ['test'];
  return starts.flatMap((start) => {
    const path = resolve(start);
    if (!existsSync(path)) end(`there is no ${start}`, 2);
    if (statSync(path).isFile()) return [relative(root, path)];
    return readdirSync(path, { recursive: true })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => relative(root, join(path, name)))
      .sort();
  });
}

async function tap(kind, tests, options) {
  const results = join(work, `${kind}.tap`);
  const runner = join(root, 'node_modules', 'tap', 'dist', 'esm', 'run.mjs');
  // Coverage slows the start of every Node process, and some tests measure just that.
  const loader = `--node-arg=--import=${new URL('lib/strip-types.mjs', import.meta.url)}`;
  const argv = [process.execPath, runner, '--disable-coverage', loader, ...options];
  let code;
  let counts;
  if (process.stdout.isTTY) {
    code = await spawned([...argv, '--reporter=base', `--output-file=${results}`, ...tests]);
    if (existsSync(results)) counts = summary(readFileSync(results, 'utf8'));
  } else {
    const print = brief();
    const onLine = (line) => {
      counts = summary(line) ?? counts;
      print(line);
    };
    const stdio = ['ignore', 'pipe', 'inherit'];
    code = await spawned([...argv, '--reporter=tap', ...tests], { stdio, onLine });
  }
  total.passed += counts?.pass ?? 0;
  total.skipped += counts?.skip ?? 0;
  // A run can fail without a failed assertion: a crash, a time-out, coverage.
  total.failed += counts?.fail || (code === 0 && counts ? 0 : 1);
}

/** For logs: a line for each file, and all that is said about what failed or was skipped. */
function brief() {
  let failing = false;
  return (line) => {
    const test = /^ *(not )?ok \d+|^ *1\.\.\d+|^ *# Subtest/.exec(line);
    if (test) failing = test[1] !== undefined;
    const top = !/^\s|^# Subtest|^$/.test(line);
    if (failing || top || /# SKIP/.test(line)) process.stdout.write(`${line}\n`);
  };
}

/** The counts of tap's closing line, "# { total: 6, pass: 4, fail: 1, skip: 1 }". */
function summary(text) {
  const line = text.match(/^# \{ total: .*\}$/gm)?.at(-1);
  if (!line) return undefined;
  return Object.fromEntries(
    [...line.matchAll(/(\w+): (\d+)/g)].map(([, key, value]) => [key, Number(value)]),
  );
}
