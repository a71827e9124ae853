/** HTTP downloads for the installer: quick to notice that nobody is there, and never half a file. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { type ClientRequest, get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, RelayError } from '../errors.ts';
import type { Report } from './report.ts';

/** A machine without network must not wait long before the next way is tried. */
const connectTimeout = 3_000;
const stallTimeout = 20_000;
const maxRedirects = 5;

export interface Download {
  report: Report;
  /** Name for progress and errors. */
  name: string;
  maxBytes: number;
  signal?: AbortSignal | undefined;
}

/** Writes what `url` holds to `file` and returns its SHA-256 in hex. */
export async function download(url: string, file: string, options: Download): Promise<string> {
  const hash = createHash('sha256');
  await receive(url, options, async (response, counter) => {
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    await pipeline(response, counter, hashing, createWriteStream(file));
  });
  return hash.digest('hex');
}

/** The text that `url` holds. */
export async function downloadText(url: string, options: Download): Promise<string> {
  const chunks: Buffer[] = [];
  await receive(url, options, (response, counter) =>
    pipeline(response, counter, async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) chunks.push(chunk);
    }),
  );
  return Buffer.concat(chunks).toString('utf8');
}

async function receive(
  url: string,
  options: Download,
  consume: (response: IncomingMessage, counter: Transform) => Promise<void>,
): Promise<void> {
  try {
    const response = await open(new URL(url), options.signal);
    const total = Number(response.headers['content-length']) || undefined;
    const counter = counting(options, total);
    response.setTimeout(stallTimeout, () =>
      response.destroy(new Error(`nothing came for ${stallTimeout / 1000} s`)),
    );
    await consume(response, counter.stream).catch((error: unknown) => {
      const got = size(counter.bytes());
      throw new Error(`cut off at ${got}${total ? ` of ${size(total)}` : ''}: ${messageOf(error)}`);
    });
    if (total !== undefined && counter.bytes() !== total) {
      throw new Error(`cut off at ${size(counter.bytes())} of ${size(total)}`);
    }
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    throw new RelayError('RELAY_DOWNLOAD_FAILED', `${withoutUser(url)}: ${messageOf(error)}`);
  } finally {
    options.report.end();
  }
}

async function open(url: URL, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  let at = url;
  for (let hops = 0; hops <= maxRedirects; hops++) {
    const response = await request(at, signal);
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    response.destroy();
    const { location } = response.headers;
    if (status < 300 || status >= 400 || !location) throw new Error(`HTTP status ${status}`);
    const next = new URL(location, at);
    if (at.protocol === 'https:' && next.protocol !== 'https:') {
      throw new Error('redirected from https to something less safe');
    }
    at = next;
  }
  throw new Error(`more than ${maxRedirects} redirects`);
}

function request(url: URL, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  return new Promise((done, fail) => {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      return fail(new Error(`${url.protocol} is not http: or https:`));
    }
    const get = url.protocol === 'https:' ? getHttps : getHttp;
    // An own connection each, so that the time to connect can be told from the time to answer.
    const options = { agent: false, headers: { 'user-agent': 'relay-gateway' }, signal } as const;
    const asked: ClientRequest = get(url, options, done);
    const late = () => asked.destroy(new Error(`no connection within ${connectTimeout / 1000} s`));
    const timer = setTimeout(late, connectTimeout);
    asked.once('socket', (socket) =>
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(timer)),
    );
    asked.setTimeout(stallTimeout, () =>
      asked.destroy(new Error(`no answer within ${stallTimeout / 1000} s`)),
    );
    asked.once('close', () => clearTimeout(timer));
    asked.once('error', (error: NodeJS.ErrnoException) =>
      fail(new Error(error.message || error.code || 'no connection')),
    );
  });
}

function counting({ report, name, maxBytes }: Download, total: number | undefined) {
  const start = performance.now();
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) return done(new Error(`more than ${size(maxBytes)}`));
      const rate = bytes / Math.max(0.001, (performance.now() - start) / 1000);
      report.progress(`${name}: ${size(bytes)}${total ? ` of ${size(total)}` : ''}, ${size(rate)}/s`);
      done(null, chunk);
    },
  });
  return { stream, bytes: () => bytes };
}

function size(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Mirrors may need a user and a password; neither is printed. */
export function withoutUser(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
