/** relay.yaml → Config, or every error of the file with line and column. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, RelayError } from '../errors.ts';
import { checkHookFiles } from './check-hook-files.ts';
import { checkRecordings } from './check-recordings.ts';
import { checkReferences } from './check-references.ts';
import { checkServer } from './check-server.ts';
import type { Address, Config } from './config.ts';
import { type ConfigError, type Position, Report } from './diagnostic.ts';
import type { Environment } from './interpolate.ts';
import { Reader } from './read.ts';
import { addSecret } from './secrets.ts';
import { readTree } from './tree.ts';
import { maxBytes, parseYaml } from './yaml.ts';

interface Origin {
  /** Printed as it is given; relative names start at its folder. */
  file: string;
  env: Environment;
}

/** @throws RelayError RELAY_CONFIG_MISSING, or ConfigError with all diagnostics. */
export async function loadConfig(file: string, env: Environment): Promise<Config> {
  const { config, reader } = parse(await readText(file), { file, env });
  await checkHookFiles(config, reader);
  if (reader.report.failed) throw reader.report.error();
  return config;
}

/** The text alone: no file that it names is looked for. @throws ConfigError with all diagnostics. */
export function parseConfig(text: string, origin: Origin): Config {
  return parse(text, origin).config;
}

/** `api.listen` of a file that has errors elsewhere. Undefined: the file doesn't tell. */
export async function readApiListen(file: string, env: Environment): Promise<Address | false | undefined> {
  const report = new Report(file);
  const yaml = parseYaml(await readText(file), report);
  if (!yaml) return undefined;
  const listen = new Reader(readTree(yaml, env, report), report, dirname(resolve(file))).api();
  return report.diagnostics.some(({ path }) => /^api(\.|$)/.test(path)) ? undefined : listen;
}

function parse(text: string, { file, env }: Origin): { config: Config; reader: Reader } {
  const report = new Report(file);
  const yaml = parseYaml(text, report);
  if (!yaml) throw report.error();

  const absolute = resolve(file);
  const reader = new Reader(readTree(yaml, env, report), report, dirname(absolute));
  reader.checkKeys();
  const server = reader.server();
  const config: Config = {
    file: absolute,
    server,
    tools: reader.tools(),
    api: { listen: reader.api() },
    stall: reader.stall(),
    sources: reader.sources(),
    routes: reader.routes(),
    secrets: [],
  };
  checkServer(config, reader);
  checkReferences(config, reader);
  checkRecordings(config, reader);
  if (report.failed) throw report.error();
  for (const { password } of server.users) addSecret(report.secrets, password);
  config.secrets.push(...report.secrets);
  return { config, reader };
}

async function readText(file: string): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    // Opening a device may set it off, and opening a FIFO waits for a writer: look first, and never wait.
    refuseUnlessRegular(file, (await stat(file)).isFile());
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    refuseUnlessRegular(file, (await handle.stat()).isFile());
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(maxBytes + 4) });
    return decode(file, buffer.subarray(0, bytesRead));
  } catch (error) {
    if (error instanceof RelayError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new RelayError('RELAY_CONFIG_MISSING', `there is no file ${file}`, { cause: error });
    }
    throw whole(file, `can not be read: ${messageOf(error)}`);
  } finally {
    await handle?.close();
  }
}

function refuseUnlessRegular(file: string, regular: boolean): void {
  if (!regular) throw whole(file, 'is not a regular file');
}

function decode(file: string, bytes: Buffer): string {
  if (bytes.length > maxBytes + 3) throw whole(file, 'the file is larger than 1 MB');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  if (bytes[0] === 0xff || bytes[0] === 0xfe) throw whole(file, 'the file is UTF-16', 'save it as UTF-8');
  throw whole(file, 'this is not UTF-8', 'save the file as UTF-8', firstBadByte(bytes));
}

function firstBadByte(bytes: Buffer): Position {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    if (!isUtf8(bytes.subarray(start, end))) break;
    line += 1;
    start = end + 1;
  }
  return { line, column: bytes.subarray(start).toString('utf8').indexOf('\uFFFD') + 1 };
}

function whole(
  file: string,
  message: string,
  hint?: string,
  position: Position = { line: 1, column: 1 },
): ConfigError {
  const report = new Report(file);
  report.add(position, [], message, hint);
  return report.error();
}
