/** Files of folders that others may write to: opened only where they are regular files, never through a link. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { codeOf } from '../folder.ts';

/** Not blocking, because the name may be a pipe's: that is seen only once it is open. undefined: no regular file. */
export async function openRegular(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    // A symbolic link, or a socket.
    if (['ELOOP', 'EMLINK', 'ENXIO'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  try {
    if ((await handle.stat()).isFile()) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}

/** Bytes from a place in a file; fewer at its end. */
export async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, await readInto(handle, bytes, at));
}

/** @returns how many bytes there were */
export async function readInto(handle: FileHandle, bytes: Buffer, at: number): Promise<number> {
  let got = 0;
  while (got < bytes.length) {
    const { bytesRead } = await handle.read(bytes, got, bytes.length - got, at + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}
