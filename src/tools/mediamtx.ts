/** MediaMTX: where it is, and how the pinned version gets into the user's cache folder. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf, RelayError } from '../errors.ts';
import { ask, type Binary, choose, named, onPath } from './binary.ts';
import { cacheFolder, type Env, isRecord, remembered } from './cache.ts';
import { withLock } from './lock.ts';
import type { Report } from './report.ts';

export const mediamtxVersion = 'v1.20.1';

export type Mediamtx = Binary & {
  /** SHA-256 of the program. */
  sum: string;
};

export interface FindMediamtxOptions {
  /** `server.binary` of relay.yaml. */
  configured?: string | undefined;
  env: Env;
}

/**
 * The first fit MediaMTX: configured, MEDIAMTX_PATH, PATH, cache. Another version than the pinned one
 * is taken, with a warning, where the user named it; on PATH it is passed over.
 */
export async function findMediamtx({ configured, env }: FindMediamtxOptions): Promise<Mediamtx> {
  const cached = cachedProgram(env);
  const candidates = [
    named('configured', configured),
    named('MEDIAMTX_PATH', env.MEDIAMTX_PATH),
    ...(await onPath('mediamtx', env)),
    { from: 'cache', path: cached },
  ];
  const { candidate, facts, warnings } = await choose(
    `MediaMTX ${mediamtxVersion}`,
    candidates,
    async (path, { named: accepted }) => {
      const known = await remembered(env, 'mediamtx', path, () => measure(path, env), isFacts);
      if (known.version !== mediamtxVersion && !accepted) throw new Error(`version ${known.version}`);
      if (path === cached) await assertKeptSum(path, known.sum);
      return known;
    },
    () => 'relay install mediamtx',
  );
  if (facts.version !== mediamtxVersion) {
    warnings.push(`${candidate.path} is ${facts.version}; Relay Gateway is made for ${mediamtxVersion}`);
  }
  return { path: candidate.path, from: candidate.from, warnings, ...facts };
}

export interface InstallMediamtxOptions {
  env: Env;
  report: Report;
  /** Base URL of a mirror of the release archives. */
  from?: string | undefined;
  /** SHA-256 that the archive must have, instead of the one in the release's list. */
  sha256?: string | undefined;
  /** Install again though the cache holds a fit one. */
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Puts the pinned MediaMTX into the cache: from the release archive, else built from its Go module. */
export async function installMediamtx(options: InstallMediamtxOptions): Promise<Mediamtx> {
  const { env, report, signal } = options;
  const program = cachedProgram(env);
  const folder = dirname(program);
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, 'install.lock'), { report, signal }, async () => {
    if (!options.force) {
      const present = await findCached(env);
      if (present) return present;
    }
    // In the same file system as its destination, so that the last step is one rename.
    const work = await mkdtemp(join(folder, 'work-'));
    try {
      const made = await make(work, folder, options);
      const version = (await ask(made.program, ['--version'], env)).trim();
      if (version !== mediamtxVersion) {
        throw new RelayError('RELAY_BINARY_UNFIT', `what was installed says that it is ${version}`);
      }
      await keepSums(work, folder, { ...made.sums, [programName()]: await sumOf(made.program) });
      await rename(made.program, program);
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 3 });
      report.end();
    }
    const installed = await findCached(env);
    if (!installed)
      throw new RelayError('RELAY_INSTALL_FAILED', `${program} vanished after it was installed`);
    report.say(`MediaMTX ${mediamtxVersion}: ${program}`);
    return installed;
  });
}

interface Made {
  program: string;
  /** Sums by file name, to be kept beside the program. */
  sums: Record<string, string>;
}

/** Tries each way. A sum that doesn't match ends the installation: building around it would hide it. */
async function make(work: string, folder: string, options: InstallMediamtxOptions): Promise<Made> {
  const { env, report, signal } = options;
  const reasons: string[] = [];
  // Loaded only here: a start that finds everything needs neither an archive reader nor a downloader.
  const ways = [
    async () => (await import('./mediamtx-archive.ts')).fromArchive(work, await keptSums(folder), options),
    async () => (await import('./mediamtx-build.ts')).fromModule(work, { env, report, signal }),
  ];
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      if (signal?.aborted || (error instanceof RelayError && error.code === 'RELAY_CHECKSUM')) throw error;
      reasons.push(messageOf(error));
      report.say(`  ${messageOf(error)}`);
    }
  }
  throw new RelayError(
    'RELAY_BINARY_MISSING',
    `MediaMTX ${mediamtxVersion} can't be had:${reasons.map((reason) => `\n  ${reason}`).join('')}`,
    { hint: 'relay install mediamtx --from <url of a mirror>' },
  );
}

/** Where the pinned MediaMTX is kept for this kind of machine. */
export function cachedProgram(env: Env): string {
  const machine = `${process.platform}-${process.arch}`;
  return join(cacheFolder(env), 'mediamtx', mediamtxVersion, machine, programName());
}

export function programName(): string {
  return process.platform === 'win32' ? 'mediamtx.exe' : 'mediamtx';
}

async function findCached(env: Env): Promise<Mediamtx | undefined> {
  return findMediamtx({ env: { ...env, MEDIAMTX_PATH: undefined, PATH: '', Path: undefined } }).catch(
    () => undefined,
  );
}

interface Facts {
  version: string;
  sum: string;
}

async function measure(path: string, env: Env): Promise<Facts> {
  const [version, sum] = await Promise.all([ask(path, ['--version'], env), sumOf(path)]);
  if (!/^v\d+\.\d+\.\d+\S*$/.test(version.trim()))
    throw new Error('does not answer --version as MediaMTX does');
  return { version: version.trim(), sum };
}

function isFacts(value: unknown): value is Facts {
  return isRecord(value) && typeof value.version === 'string' && typeof value.sum === 'string';
}

export async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** `mediamtx.sha256` has the sums of the archive and of the program, as sha256sum writes them. */
function sumsFile(folder: string): string {
  return join(folder, 'mediamtx.sha256');
}

async function keptSums(folder: string): Promise<Record<string, string>> {
  return parseSums(await readFile(sumsFile(folder), 'utf8').catch(() => ''));
}

/** Adds to the sums that are there: that of an archive outlives a build from source. */
async function keepSums(work: string, folder: string, sums: Record<string, string>): Promise<void> {
  const lines = Object.entries({ ...(await keptSums(folder)), ...sums });
  const part = join(work, 'sums');
  await writeFile(part, lines.map(([name, sum]) => `${sum}  ${name}\n`).join(''));
  await rename(part, sumsFile(folder));
}

async function assertKeptSum(path: string, sum: string): Promise<void> {
  const kept = (await keptSums(dirname(path)))[programName()];
  if (kept !== undefined && kept !== sum)
    throw new Error(`its SHA-256 is not the one in ${sumsFile(dirname(path))}`);
}

/** Lines of sha256sum, in text or binary mode: name → sum. */
export function parseSums(text: string): Record<string, string> {
  const lines = text.matchAll(/^([0-9a-f]{64}) [ *](\S+)\s*$/gim);
  return Object.fromEntries([...lines].map(([, sum, name]) => [name!, sum!.toLowerCase()]));
}
