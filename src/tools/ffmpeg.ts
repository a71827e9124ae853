/** ffmpeg and ffprobe: where they are and what they can do. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Tools } from '../kinds/tools.ts';
import { ask, type Binary, type Candidate, choose, named, onPath, which } from './binary.ts';
import { type Env, isRecord, remembered } from './cache.ts';
import { packageManagers, typedCommand } from './packages.ts';

export interface FindOptions {
  /** `tools.ffmpeg` (or `tools.ffprobe`) of relay.yaml. */
  configured?: string | undefined;
  env: Env;
  /** Program of the package ffmpeg-static; null: none for this machine. Looked up when not given. */
  bundled?: string | null;
}

export type Ffmpeg = Binary & { tools: Tools };

/** The oldest version whose options the plans use. */
const floor = '5.1';
const required = ['libx264', 'aac'];

/** libavutil of each ffmpeg version: builds from its repository carry no other number. */
const libavutil: [version: string, major: number, minor: number][] = [
  ['8.0', 60, 8],
  ['7.1', 59, 39],
  ['7.0', 59, 8],
  ['6.1', 58, 29],
  ['6.0', 58, 2],
  ['5.1', 57, 28],
  ['5.0', 57, 17],
  ['4.4', 56, 70],
  ['4.3', 56, 51],
];

/** The first fit ffmpeg: configured, FFMPEG_PATH, ffmpeg-static, PATH. RELAY_BINARY_MISSING tells why none is. */
export async function findFfmpeg(options: FindOptions): Promise<Ffmpeg> {
  const { env } = options;
  const bundled = options.bundled === undefined ? bundledFfmpeg() : options.bundled;
  const candidates: Candidate[] = [
    named('configured', options.configured),
    named('FFMPEG_PATH', env.FFMPEG_PATH),
    bundled
      ? { from: 'ffmpeg-static', path: bundled }
      : { from: 'ffmpeg-static', why: 'the package is not installed or has no program for this machine' },
    ...(await onPath('ffmpeg', env)),
  ];
  const inspect = async (path: string) => {
    const facts = await remembered(env, 'ffmpeg', path, () => measure(path, env), isFacts);
    assertVersion(facts.version);
    const missing = required.filter((encoder) => !facts.encoders.includes(encoder));
    if (missing.length > 0)
      throw new Error(`version ${facts.version} lacks the encoder ${missing.join(' and ')}`);
    return facts;
  };
  const { candidate, facts, warnings } = await choose('ffmpeg', candidates, inspect, () => hint(env));
  const platform = process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux';
  const tools: Tools = { platform, ffmpeg: facts };
  return { path: candidate.path, version: facts.version, from: candidate.from, warnings, tools };
}

/** The first fit ffprobe: configured, FFPROBE_PATH, beside the ffmpeg that was found, PATH. */
export async function findFfprobe(options: FindOptions & { ffmpeg?: string | undefined }): Promise<Binary> {
  const { env } = options;
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const candidates: Candidate[] = [
    named('configured', options.configured),
    named('FFPROBE_PATH', env.FFPROBE_PATH),
    options.ffmpeg
      ? { from: 'beside ffmpeg', path: join(dirname(options.ffmpeg), `ffprobe${suffix}`) }
      : { from: 'beside ffmpeg', why: 'no ffmpeg' },
    ...(await onPath('ffprobe', env)),
  ];
  const inspect = async (path: string) => {
    const measure = async () => ({ version: versionOf(await ask(path, ['-hide_banner', '-version'], env)) });
    const facts = await remembered(env, 'ffprobe', path, measure, hasVersion);
    assertVersion(facts.version);
    return facts;
  };
  const { candidate, facts, warnings } = await choose('ffprobe', candidates, inspect, () => hint(env));
  return { path: candidate.path, version: facts.version, from: candidate.from, warnings };
}

/** What this ffmpeg can't do that some plans want, each with what it costs. */
export function lacking({ ffmpeg }: Tools): string[] {
  const lacks: string[] = [];
  if (!ffmpeg.encoders.includes('libopus')) lacks.push('libopus: no AAC sound over WebRTC');
  if (!ffmpeg.protocols.includes('srt')) lacks.push('srt: no SRT sources or remotes');
  if (!ffmpeg.filters.includes('drawtext')) lacks.push('drawtext: no clock in test pictures');
  return lacks;
}

/** The program of the optional package ffmpeg-static; its file may not exist. */
function bundledFfmpeg(): string | null {
  try {
    const path: unknown = createRequire(import.meta.url)('ffmpeg-static');
    return typeof path === 'string' ? path : null;
  } catch {
    return null;
  }
}

async function hint(env: Env): Promise<string> {
  if (process.getuid?.() === 0) return 'relay install';
  return typedCommand(await packageManager(env), ['ffmpeg'], process.platform);
}

/** The package manager of this system, by what is on PATH. */
export async function packageManager(env: Env): Promise<string | undefined> {
  for (const manager of packageManagers) if (await which(manager, env)) return manager;
  return undefined;
}

type Facts = Tools['ffmpeg'];

async function measure(path: string, env: Env): Promise<Facts> {
  const questions = ['-version', '-encoders', '-protocols', '-devices', '-filters'];
  const answers = await Promise.all(questions.map((question) => ask(path, ['-hide_banner', question], env)));
  const [version = '', encoders = '', protocols = '', devices = '', filters = ''] = answers;
  return {
    version: versionOf(version),
    encoders: names(encoders, /^ [VAS][A-Z.]{5,} ([^\s=]\S*)/gm),
    protocols: names(protocols.split(/^Output:/m)[1] ?? '', /^ +(\S+)/gm),
    // The third column came with 7.1; a name may be a list, as in "video4linux2,v4l2".
    devices: names(devices, /^ D[ E](?:[ d])? +([^\s=]\S*)/gm).flatMap((name) => name.split(',')),
    filters: names(filters, /^ [A-Z.]{2,3} +(\S+) +\S+->\S+/gm),
  };
}

function names(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1]!);
}

/** "5.1.9" of a release; for a build from the repository the release that its libavutil belongs to. */
function versionOf(text: string): string {
  const release = /^ff\w+ version n?(\d{1,3}\.\d+(?:\.\d+)?)/m.exec(text)?.[1];
  if (release) return release;
  const [, major, minor] = (/^libavutil +(\d+)\. *(\d+)/m.exec(text) ?? []).map(Number);
  if (major !== undefined && minor !== undefined) {
    const at = ([, a, b]: [string, number, number]) => major > a || (major === a && minor >= b);
    return libavutil.find(at)?.[0] ?? '4.3';
  }
  throw new Error('does not answer -version as ffmpeg does');
}

function assertVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [least = 0, leastMinor = 0] = floor.split('.').map(Number);
  if (major < least || (major === least && minor < leastMinor)) {
    throw new Error(`version ${version} is too old: ${floor} or newer is needed`);
  }
}

function hasVersion(value: unknown): value is { version: string } {
  return isRecord(value) && typeof value.version === 'string';
}

function isFacts(value: unknown): value is Facts {
  const lists = ['encoders', 'protocols', 'devices', 'filters'];
  return hasVersion(value) && lists.every((list) => list in value && Array.isArray(Reflect.get(value, list)));
}
