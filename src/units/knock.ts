/** Is anybody there? A TCP connection costs next to nothing, a process that finds out costs 50 ms of a core. */
import net from 'node:net';
import type { ExitCause } from '../observe/state.ts';
import { cause } from './cause.ts';

export interface Endpoint {
  host: string;
  port: number;
}

const ports: Record<string, number> = {
  'rtsp:': 554,
  'rtsps:': 322,
  'rtmp:': 1935,
  'rtmps:': 443,
  'http:': 80,
  'https:': 443,
};

/** Where a URL connects to by TCP; undefined for SRT, UDP, files. */
export function endpointOf(url: string): Endpoint | undefined {
  const match = /^([a-z]+:)\/\//i.exec(url);
  const port = match === null ? undefined : ports[match[1]!.toLowerCase()];
  if (port === undefined) return undefined;
  // As ffmpeg splits it: a password may hold an @, but no slash. URL() would refuse other signs of it.
  const authority = url.slice(match![0].length).split(/[/?#]/, 1)[0]!;
  try {
    const parsed = new URL(`http://${authority.slice(authority.lastIndexOf('@') + 1)}`);
    const name = parsed.hostname.replace(/^\[|\]$/g, '');
    return { host: name, port: Number(parsed.port) || port };
  } catch {
    return undefined;
  }
}

/** The URL that ffmpeg or ffprobe reads from the network, if it is a network that can be knocked at. */
export function endpointOfInput(args: readonly unknown[]): Endpoint | undefined {
  const inputs = args.filter((_arg, at) => args[at - 1] === '-i');
  const last = args.at(-1);
  for (const input of inputs.length > 0 ? inputs : [last]) {
    const endpoint = typeof input === 'string' ? endpointOf(input) : undefined;
    if (endpoint !== undefined) return endpoint;
  }
  return undefined;
}

/** Undefined when somebody answers, else why not. */
export function knock(to: Endpoint, signal: AbortSignal, limit = 2000): Promise<ExitCause | undefined> {
  const where = `${to.host}:${to.port}`;
  return new Promise((resolve) => {
    const socket = net.connect({ host: to.host, port: to.port });
    const done = (result: ExitCause | undefined): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(result);
    };
    const abort = (): void => done(cause('asked', 'stopped'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    socket.setTimeout(limit, () => done(cause('network', `${where} does not answer`)));
    socket.once('connect', () => done(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') done(cause('refused', `connection refused by ${where}`));
      else if (error.code === 'ENOTFOUND') done(cause('network', `no host is named ${to.host}`));
      else done(cause('network', `${where}: ${error.code ?? error.message}`));
    });
  });
}
