/** `relay install`: brings the programs that are missing, and leaves those that are fit alone. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { messageOf, RelayError } from '../errors.ts';
import type { Binary } from './binary.ts';
import type { Env } from './cache.ts';
import { type Ffmpeg, findFfmpeg, findFfprobe, packageManager } from './ffmpeg.ts';
import { findMediamtx, installMediamtx, type Mediamtx } from './mediamtx.ts';
import { installCommands, mayRun, typedCommand } from './packages.ts';
import { type Report, timed } from './report.ts';
import { run } from './run.ts';

export type InstallTarget = 'all' | 'ffmpeg' | 'mediamtx';

export interface InstallOptions {
  report: Report;
  what: InstallTarget;
  env: Env;
  /** The programs that relay.yaml names. */
  configured?: { ffmpeg?: string | undefined; ffprobe?: string | undefined; mediamtx?: string | undefined };
  /** Base URL of a mirror of MediaMTX's release archives. */
  from?: string | undefined;
  /** SHA-256 that MediaMTX's archive must have. */
  sha256?: string | undefined;
  /** Fetch MediaMTX again though a fit one is there. */
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** May use the system's package manager. */
  root?: boolean;
  /** Program of ffmpeg-static, see FindOptions. */
  bundled?: string | null;
}

export interface Installed {
  ffmpeg?: Ffmpeg;
  ffprobe?: Binary;
  mediamtx?: Mediamtx;
}

/** Makes sure that the programs are there. Spawns nothing when they are and have been seen before. */
export async function install(options: InstallOptions): Promise<Installed> {
  const installed: Installed = {};
  if (options.what !== 'mediamtx') Object.assign(installed, await ensureFfmpeg(options));
  if (options.what !== 'ffmpeg') installed.mediamtx = await ensureMediamtx(options);
  return installed;
}

/**
 * Runs `work` so that Ctrl-C ends what it has started and lets it clean up. Afterwards the signal is
 * sent again, so that the process ends as its parent expects.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let received: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals) => {
    received ??= signal;
    controller.abort(new RelayError('RELAY_INSTALL_FAILED', 'interrupted', { hint: 'relay install' }));
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
    if (received) process.kill(process.pid, received);
  }
}

async function ensureMediamtx(options: InstallOptions): Promise<Mediamtx> {
  const { env, configured } = options;
  if (!options.force) {
    const found = await findMediamtx({ configured: configured?.mediamtx, env }).catch(unlessMissing);
    if (found) return found;
  }
  return installMediamtx(options);
}

async function ensureFfmpeg(options: InstallOptions): Promise<{ ffmpeg: Ffmpeg; ffprobe: Binary }> {
  const look = async () => {
    const { env, configured } = options;
    const bundled = options.bundled === undefined ? {} : { bundled: options.bundled };
    const ffmpeg = await findFfmpeg({ configured: configured?.ffmpeg, env, ...bundled });
    const ffprobe = await findFfprobe({ configured: configured?.ffprobe, env, ffmpeg: ffmpeg.path });
    return { ffmpeg, ffprobe };
  };
  const found = await look().catch(unlessMissing);
  if (found) return found;

  const reasons: string[] = [];
  for (const way of [bySystem, byPackage]) {
    try {
      await way(options);
      const { ffmpeg, ffprobe } = await look();
      options.report.say(`ffmpeg ${ffmpeg.version}: ${ffmpeg.path}`);
      return { ffmpeg, ffprobe };
    } catch (error) {
      if (options.signal?.aborted) throw error;
      reasons.push(messageOf(error));
      options.report.say(`  ${messageOf(error)}`);
    }
  }
  const list = reasons.map((reason) => `\n  ${reason}`).join('');
  const hint = typedCommand(await packageManager(options.env), ['ffmpeg'], process.platform);
  throw new RelayError('RELAY_BINARY_MISSING', `ffmpeg and ffprobe can't be had:${list}`, { hint });
}

/** The system's package manager: it alone brings both programs. */
async function bySystem({
  env,
  report,
  signal,
  root = process.getuid?.() === 0,
}: InstallOptions): Promise<void> {
  const manager = await packageManager(env);
  if (!manager) throw new Error('package manager: none that is known here');
  const packages = ['ffmpeg'];
  if (!mayRun(manager, root)) {
    throw new Error(
      manager === 'brew'
        ? 'package manager: brew refuses to run as root'
        : `package manager: ${manager} needs root`,
    );
  }
  report.say(`installing ffmpeg with ${manager}`);
  for (const argv of installCommands(manager, packages)) {
    let last = argv.join(' ');
    const onLine = (line: string) => {
      last = line || last;
    };
    const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
    await timed(report, () => last, run(argv, { env: quiet, signal, onLine, timeout: 900_000 }));
  }
}

/** The download of ffmpeg-static. Set-up leaves it out of `npm ci`, where it could fail or stall everything. */
async function byPackage({ env, report, signal, bundled }: InstallOptions): Promise<void> {
  if (bundled === null) throw new Error('ffmpeg-static: has no program for this machine');
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve('ffmpeg-static/package.json'));
  } catch {
    throw new Error('ffmpeg-static: the package is not installed');
  }
  report.say('fetching ffmpeg with the package ffmpeg-static');
  const argv = [process.execPath, join(folder, 'install.js')];
  await timed(
    report,
    () => 'fetching ffmpeg',
    run(argv, { env, cwd: folder, signal, timeout: 120_000 }),
  ).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new Error(
      `ffmpeg-static: its download failed: ${messageOf(error).split('\n')[1]?.trim() ?? messageOf(error)}`,
    );
  });
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof RelayError && error.code === 'RELAY_BINARY_MISSING') return undefined;
  throw error;
}
