/** One request to the hook's server and its answer, bounded in size. Nothing is tried twice, no redirect is followed. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { messageOf } from '../../errors.ts';

export interface Reply {
  status: number;
  /** Media type without parameters, in lower case. */
  type: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export interface Ask {
  method: 'GET' | 'POST';
  path?: string;
  headers?: Record<string, string | number>;
  body?: Buffer;
  signal: AbortSignal;
  /** The most bytes that an answer of this type may have; 0: the type is not understood. */
  limit(type: string): number;
}

const MOST_ERROR = 64 * 1024;

/** Keeps connections open between requests. */
export class Server {
  /** For messages: without credentials, which may also be in the query. */
  readonly name: string;
  readonly #url: URL;
  readonly #authorization: Record<string, string>;
  readonly #agent: HttpAgent;
  readonly #requests = new Set<ClientRequest>();

  constructor(address: string, connections: number) {
    this.#url = new URL(address);
    this.name = `${this.#url.origin}${this.#url.pathname}`;
    const { username, password } = this.#url;
    const pair = Buffer.from(`${decoded(username)}:${decoded(password)}`);
    this.#authorization = username || password ? { authorization: `Basic ${pair.toString('base64')}` } : {};
    const options = { keepAlive: true, maxSockets: connections };
    this.#agent = this.#url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Resolves with any answer of status 2xx; everything else rejects with one line that names the server. */
  async ask(ask: Ask): Promise<Reply> {
    try {
      return await this.#exchange(ask, true);
    } catch (error) {
      throw new Error(`${this.name}: ${ask.signal.aborted ? 'no answer in time' : causeOf(error)}`);
    }
  }

  close(): void {
    for (const request of this.#requests) request.destroy(new Error('ended'));
    this.#agent.destroy();
  }

  #exchange(ask: Ask, first: boolean): Promise<Reply> {
    const url = new URL(this.#url);
    if (ask.path !== undefined) url.pathname = `${url.pathname.replace(/\/$/, '')}${ask.path}`;
    const { body = Buffer.alloc(0), headers, method, signal } = ask;
    const length = method === 'POST' ? { 'content-length': body.length } : {};
    const options = {
      method,
      agent: this.#agent,
      signal,
      headers: { ...this.#authorization, ...length, ...headers },
      path: `${url.pathname}${url.search}`,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
    };
    return new Promise<Reply>((resolve, reject) => {
      const request = url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
      this.#requests.add(request);
      request.on('close', () => this.#requests.delete(request));
      let answered = false;
      request.on('response', (response) => {
        answered = true;
        read(response, ask).then(resolve, (error) => {
          reject(error);
          // The rest of it is not wanted, so its connection can't be used again.
          request.destroy();
        });
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        // A server may close a kept connection just as it is used: it has not seen the request.
        const stale =
          first && !answered && request.reusedSocket && !signal.aborted && error.code === 'ECONNRESET';
        if (stale) this.#exchange(ask, false).then(resolve, reject);
        else reject(error);
      });
      request.end(body);
    });
  }
}

async function read(response: IncomingMessage, ask: Ask): Promise<Reply> {
  const status = response.statusCode ?? 0;
  const type = (response.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (status < 200 || status >= 300) {
    const redirect = status >= 300 && status < 400 ? 'a redirect, which is not followed: ' : '';
    const words = await wordsOf(response, type);
    throw new Error(`${redirect}${status} ${response.statusMessage ?? ''}${words}`.trim());
  }
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new Error(`an answer in ${short(encoding)}, which was not asked for`);
  const empty = status === 204 || response.headers['content-length'] === '0';
  const limit = empty ? 1 : ask.limit(type);
  if (limit === 0)
    throw new Error(type === '' ? 'an answer without content-type' : `an answer of type ${short(type)}`);
  const body = await bytesOf(response, limit);
  return { status, type, headers: response.headers, body };
}

async function bytesOf(response: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new Error(`an answer of more than ${limit / 1024 / 1024} MB`);
  if (Number(response.headers['content-length'] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) throw tooLarge();
    chunks.push(chunk);
  }
  if (!response.complete) throw new Error('an answer that is cut off');
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** What a server says about its refusal, where it is text. */
async function wordsOf(response: IncomingMessage, type: string): Promise<string> {
  if (type !== 'application/json' && type !== 'text/plain') {
    response.resume();
    return '';
  }
  const text = await bytesOf(response, MOST_ERROR).then(String, () => '');
  return text === '' ? '' : `: ${short(text)}`;
}

const short = (text: string): string =>
  text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, 200);

function causeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'nobody listens there';
  if (code === 'ECONNRESET') return 'the connection was cut';
  return messageOf(error) || code || 'failed';
}

/** A stray % is what it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
