/**
 * What every script of a checkout does first: packages, then build. Plain Node without dependencies,
 * because it runs before any are installed; when all is in place it only looks at file times.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const leastNode = [20, 19];

/** Packages and build are there afterwards, or the process ends with a message. */
export async function prepare() {
  requireNode();
  if (!packagesAreFresh()) await installPackages();
  if (!buildIsFresh()) await build();
}

export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])) return;
  end(
    `Node ${process.versions.node} is too old: Relay Gateway needs ${leastNode.join('.')} or newer (https://nodejs.org)`,
    69,
  );
}

export function say(text) {
  process.stderr.write(`${text}\n`);
}

export function end(text, code) {
  say(text);
  process.exit(code);
}

/** Runs a program; resolves to its exit code. Ctrl-C reaches it by itself, as it is in the same group. */
export function spawned(argv, { onLine, ...options } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      ...options,
    });
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    child.once('error', fail);
    child.once('close', (code, signal) => {
      if (signal) process.kill(process.pid, signal);
      done(code ?? 1);
    });
  });
}

function timeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** npm writes both files within milliseconds, in either order, so an older list is compared by content. */
function packagesAreFresh() {
  const wanted = join(root, 'package-lock.json');
  const present = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(present)) return false;
  if (timeOf(present) >= timeOf(wanted)) return true;
  const installed = JSON.parse(readFileSync(present, 'utf8')).packages;
  return lockedPackages().every(([name, { version, optional }]) =>
    name in installed ? installed[name].version === version : optional,
  );
}

function lockedPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages).filter(([name]) => name !== '');
}

/** Without install scripts: none is needed, and that of ffmpeg-static downloads what may not be reachable. */
async function installPackages() {
  const names = lockedPackages()
    .filter(([, { optional }]) => !optional)
    .map(([name]) => join(root, name, 'package.json'));
  say(`fetching ${names.length} npm packages`);
  const progress = ticker(() => `npm packages: ${names.filter(existsSync).length} of ${names.length}`);
  const code = await spawned(
    [...npm(), 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  progress.stop();
  if (code !== 0) {
    end(
      'npm ci failed: see above. Check that the npm registry can be reached, then run the same command again.',
      69,
    );
  }
}

export function npm() {
  const given = process.env.npm_execpath;
  if (given?.endsWith('npm-cli.js')) return [process.execPath, given];
  if (process.platform !== 'win32') return ['npm'];
  return [process.execPath, join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')];
}

/** Says how far something is: redrawn on a terminal, a line every 5 s elsewhere. */
export function ticker(text) {
  const start = performance.now();
  const terminal = process.stderr.isTTY;
  const draw = () => {
    const line = `${text()}, ${Math.round((performance.now() - start) / 1000)} s`;
    process.stderr.write(terminal ? `\r\x1b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(draw, terminal ? 500 : 5000);
  return {
    stop() {
      clearInterval(timer);
      if (terminal) process.stderr.write('\r\x1b[K');
    },
  };
}

/** Written after a build without errors: the compiler writes its files even when it finds some. */
const stamp = join(root, 'dist', '.built');

function buildIsFresh() {
  const built = timeOf(stamp);
  if (built === 0 || !existsSync(join(root, 'dist', 'cli.js'))) return false;
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  return [...settings.map((name) => join(root, name)), ...filesOf(join(root, 'src'))].every(
    (file) => timeOf(file) < built,
  );
}

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // A folder's own time tells of files that were added or removed.
    return entry.isDirectory() ? [path, ...filesOf(path)] : [path];
  });
}

async function build() {
  say('building');
  const started = new Date();
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const code = await spawned([process.execPath, compiler, '-p', 'tsconfig.build.json']);
  if (code !== 0) end('the build failed: see above', 1);
  const cli = join(root, 'dist', 'cli.js');
  chmodSync(cli, 0o755);
  linkCommand();
  writeFileSync(stamp, `${started.toISOString()}\n`);
  // What was edited while the compiler ran is newer than this.
  utimesSync(stamp, started, started);
}

/** npm links the commands of dependencies, not of the package itself; with this `npx relay` is ours. */
function linkCommand() {
  if (process.platform === 'win32') return;
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'relay'))) symlinkSync('../../dist/cli.js', join(folder, 'relay'));
}

/** Hands over to the command line in this process, so that Ctrl-C and exit codes are its own. */
export async function relay(args) {
  const cli = join(root, 'dist', 'cli.js');
  process.argv = [process.execPath, cli, ...args];
  await import('../../dist/cli.js');
}
