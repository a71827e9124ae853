/** MediaMTX built from its Go module, for machines that reach package proxies but not the release. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf, RelayError } from '../errors.ts';
import { ask, which } from './binary.ts';
import { type Env, isRecord } from './cache.ts';
import { mediamtxVersion, programName } from './mediamtx.ts';
import { type Report, timed } from './report.ts';
import { run } from './run.ts';

const module = 'github.com/bluenviron/mediamtx';
const moduleSum = 'h1:nY/EAViwn1zN9krUOTCsuU7v+cAdJ62jdrcc8pI9grI=';
/** dist/hls.min.js of the hls.js that this version of the module asks for. */
const playerSum = '1f28c6a43deedddbd59aea4c119bd788f5e2347772c19da1f6f92f8d0032d9dc';
const leastGo = [1, 26] as const;

interface Options {
  env: Env;
  report: Report;
  signal?: AbortSignal | undefined;
}

/** Builds in `work` and returns the program. */
export async function fromModule(
  work: string,
  { env, report, signal }: Options,
): Promise<{ program: string; sums: Record<string, string> }> {
  try {
    const go = await findGo(env);
    const context: Context = { go, work, report, signal, env: goEnv(env) };
    report.say('building MediaMTX from its Go module (1 to 4 minutes, once)');
    const source = await fetchModule(context);
    await addPlayer(source, context);
    const program = await compile(source, context);
    return { program, sums: {} };
  } catch (error) {
    if (signal?.aborted || (error instanceof RelayError && error.code === 'RELAY_CHECKSUM')) throw error;
    throw new RelayError('RELAY_INSTALL_FAILED', `build from source: ${messageOf(error)}`);
  }
}

interface Context {
  go: string;
  work: string;
  env: Env;
  report: Report;
  signal: AbortSignal | undefined;
}

async function findGo(env: Env): Promise<string> {
  const needed = leastGo.join('.');
  const go = await which('go', env);
  if (!go) throw new Error(`no Go toolchain on PATH (${needed} or newer)`);
  const said = await ask(go, ['version'], goEnv(env));
  const [major = 0, minor = 0] = (/\bgo(\d+)\.(\d+)/.exec(said) ?? []).slice(1).map(Number);
  if (major < leastGo[0] || (major === leastGo[0] && minor < leastGo[1])) {
    throw new Error(`${go} is too old (${said.trim()}): ${needed} or newer is needed`);
  }
  return go;
}

/** Settings of the user's other work (vendoring, workspaces, cross builds) must not reach this build. */
function goEnv(env: Env): Env {
  return {
    ...env,
    CGO_ENABLED: '0',
    GO111MODULE: 'on',
    GOARCH: undefined,
    GOFLAGS: '-buildvcs=false',
    GOOS: undefined,
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  };
}

/** The module's files, verified, in a folder that can be written to. */
async function fetchModule({ go, work, env, report, signal }: Context): Promise<string> {
  const argv = [go, 'mod', 'download', '-json', `${module}@${mediamtxVersion}`];
  const options = {
    // The sum is known here: no database has to be asked for it.
    env: { ...env, GONOSUMDB: module },
    cwd: work,
    signal,
    timeout: 300_000,
  };
  const answer: unknown = JSON.parse(await timed(report, () => 'fetching the Go module', run(argv, options)));
  if (!isRecord(answer) || typeof answer.Dir !== 'string') throw new Error('go mod download named no folder');
  if (answer.Sum !== moduleSum) {
    throw new RelayError(
      'RELAY_CHECKSUM',
      `the Go module ${module}@${mediamtxVersion} has the sum ${String(answer.Sum)}, expected ${moduleSum}`,
      { hint: 'go clean -modcache, then relay install mediamtx' },
    );
  }
  const source = join(work, 'source');
  await copyWritable(answer.Dir, source);
  return source;
}

/** Go's module cache is read-only, and its modes would travel with an ordinary copy. */
async function copyWritable(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) await copyWritable(source, target);
    else if (entry.isFile()) {
      await copyFile(source, target);
      await chmod(target, 0o644);
    }
  }
}

/** The module lacks what its release generates: its version, the HLS player, helpers for Raspberry Pi cameras. */
async function addPlayer(source: string, { work, env, report, signal }: Context): Promise<void> {
  const hls = join(source, 'internal', 'servers', 'hls');
  await writeFile(join(source, 'internal', 'core', 'VERSION'), mediamtxVersion);
  const wanted = (await readFile(join(hls, 'hlsjsdownloader', 'VERSION'), 'utf8')).trim().replace(/^v/, '');

  const spec = `hls.js@${wanted}`;
  const argv = [...npm(env), 'pack', spec, '--pack-destination', work, '--silent', '--ignore-scripts'];
  const said = await timed(
    report,
    () => `fetching ${spec}`,
    run(argv, { env, cwd: work, signal, timeout: 120_000 }),
  );
  const archive = join(work, said.trim().split('\n').at(-1) ?? '');
  const { x: extract } = await import('tar');
  const member = 'package/dist/hls.min.js';
  await extract({ file: archive, cwd: work, strict: true, filter: (path) => path === member });
  const player = await readFile(join(work, member));
  const sum = createHash('sha256').update(player).digest('hex');
  if (sum !== playerSum) {
    throw new RelayError(
      'RELAY_CHECKSUM',
      `${spec} has a player with the SHA-256 ${sum}, expected ${playerSum}`,
    );
  }
  await writeFile(join(hls, 'hls.min.js'), player);

  if (process.platform === 'linux' && process.arch.startsWith('arm')) {
    for (const bits of [32, 64]) {
      const helper = join(source, 'internal', 'staticsources', 'rpicamera', `mtxrpicam_${bits}`);
      await mkdir(helper, { recursive: true });
      await writeFile(join(helper, 'none'), 'not part of this build\n');
    }
  }
}

/** npm as it was started with, as it came with Node, or from PATH. */
function npm(env: Env): string[] {
  if (env.npm_execpath?.endsWith('npm-cli.js')) return [process.execPath, env.npm_execpath];
  if (process.platform !== 'win32') return ['npm'];
  return [process.execPath, join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')];
}

async function compile(source: string, { go, work, env, report, signal }: Context): Promise<string> {
  const program = join(work, programName());
  const argv = [go, 'build', '-v', '-trimpath', '-ldflags', '-s -w', '-o', program, '.'];
  let modules = 0;
  let packages = 0;
  const onLine = (line: string) => {
    if (line.startsWith('go: downloading ')) modules += 1;
    else packages += 1;
  };
  const text = () => `compiling MediaMTX: ${modules} modules fetched, ${packages} packages compiled`;
  await timed(report, text, run(argv, { env, cwd: source, signal, onLine }));
  return program;
}
