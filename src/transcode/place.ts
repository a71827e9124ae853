/**
 * Where a transcode reads and writes. The result grows beside its final name and gets that name when it is whole;
 * a file that is there is never overwritten unless told so, and the input never.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join, parse, resolve } from 'node:path';
import { messageOf, RelayError } from '../errors.ts';
import { type Container, containerOf, extensions } from './containers.ts';

export interface Place {
  /** Absolute names. */
  input: string;
  output: string;
  container: Container;
  /** What has the output's name may go. */
  force: boolean;
}

/** @throws RelayError; nothing is written */
export async function findPlace(from: string, to: string, force: boolean): Promise<Place> {
  const [input, output] = [resolve(from), resolve(to)];
  const container = containerOf(extname(output));
  if (!container) throw refuse(`${to} must end in ${extensions.join(', ')}`);
  const source = await stat(input).catch(() => undefined);
  if (!source) throw refuse(`there is no file ${from}`);
  if (!source.isFile()) throw refuse(`${from} is not a file`);
  const folder = await stat(dirname(output)).catch(() => undefined);
  if (!folder?.isDirectory()) throw refuse(`there is no folder ${dirname(output)}`);
  await access(dirname(output), constants.W_OK).catch(() => {
    throw refuse(`the folder ${dirname(output)} can't be written`);
  });
  const there = await stat(output).catch(() => undefined);
  if (there && there.dev === source.dev && there.ino === source.ino) {
    throw refuse(`${to} is the input itself`, 'name another file: the input is never touched');
  }
  if (there?.isDirectory()) throw refuse(`${to} is a folder`);
  if (!force && (await exists(output)))
    throw new RelayError('RELAY_EXISTS', `${to} is there already`, { hint: '--force replaces it' });
  return { input, output, container, force };
}

/** An empty file of our own beside the output, for ffmpeg to fill. */
export async function openPartial(output: string): Promise<string> {
  const partial = `${output}.partial-${randomBytes(6).toString('hex')}`;
  try {
    await (await open(partial, 'wx')).close();
    return partial;
  } catch (error) {
    throw refuse(`nothing can be written beside ${output}: ${messageOf(error)}`);
  }
}

/**
 * It is whole and on the disk before it gets its name.
 * @returns that name: another one where somebody took it meanwhile
 */
export async function publish(partial: string, { output, force }: Place): Promise<string> {
  const handle = await open(partial, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  const name = force ? await replace(partial, output) : await claim(partial, output);
  await syncFolder(dirname(output));
  return name;
}

async function replace(partial: string, output: string): Promise<string> {
  await rename(partial, output);
  return output;
}

async function claim(partial: string, output: string): Promise<string> {
  const { dir, name, ext } = parse(output);
  for (let count = 0; ; count++) {
    const wanted = count === 0 ? output : join(dir, `${name}-${count}${ext}`);
    try {
      await linkTo(partial, wanted);
      return wanted;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function linkTo(partial: string, name: string): Promise<void> {
  try {
    await link(partial, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    // A file system without links: the name is taken first, then filled.
    await (await open(name, 'wx')).close();
    await rename(partial, name);
    return;
  }
  await rm(partial);
}

/** Names lie in the folder. Not every system opens one. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** Also a link that leads nowhere. */
async function exists(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => undefined)) !== undefined;
}

function refuse(message: string, hint = ''): RelayError {
  return new RelayError('RELAY_USAGE', message, { hint });
}
