/** What the tests of the installer share: a release served on this machine, and a report that listens. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { create } from 'tar';
import { mediamtxVersion } from '../../src/tools/mediamtx.ts';
import { archiveName } from '../../src/tools/mediamtx-archive.ts';
import type { Report } from '../../src/tools/report.ts';
import { fakeMediamtx } from '../fixtures/programs.ts';

export function heard(): Report & { lines: string[] } {
  const lines: string[] = [];
  return { lines, say: (text) => lines.push(text), progress: (text) => lines.push(text), end: () => {} };
}

/** Base URL of a server that lives as long as the test. */
export async function serve(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

/** Base URL of a listener that accepts and says nothing. */
export async function deaf(t: Test): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

/** Name of this machine's archive. */
export const archive = archiveName(process.platform, process.arch) ?? '';

/** The bytes of an archive as the release has it, with a program that says `version`. */
export function release(folder: string, version = mediamtxVersion): Buffer {
  const content = join(folder, 'content');
  mkdirSync(content, { recursive: true });
  fakeMediamtx(join(content, 'mediamtx'), version);
  fakeMediamtx(join(content, 'LICENSE'));
  const file = join(folder, 'release.tar.gz');
  create({ gzip: true, file, cwd: content, sync: true }, ['LICENSE', 'mediamtx']);
  return readFileSync(file);
}

export function sumOfBytes(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Answers as the release does. `sum` is what its list says of the archive. */
export function releaseListener(bytes: Buffer, sum = sumOfBytes(bytes)): RequestListener {
  return (request, response) => {
    if (request.url === `/${mediamtxVersion}/checksums.sha256`) {
      return void response.end(`${'0'.repeat(64)} *other.tar.gz\n${sum} *${archive}\n`);
    }
    if (request.url === `/${mediamtxVersion}/${archive}`) return void response.end(bytes);
    response.writeHead(404).end();
  };
}
