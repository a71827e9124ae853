/**
 * Stands before an RTSP server and holds its picture back, as the encoder of a camera does: RTP of the
 * video leaves some hundred milliseconds late, in order; sound and all sender reports go straight.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePorts, type Scope } from './process.ts';

export interface LateVideoProxy {
  port: number;
  /** Frames of video that were held back so far: 0 shows that a test does not test. */
  held(): number;
}

interface Session {
  /** Control address of the video, from the description. */
  videoControl: string | undefined;
  /** CSeq of the SETUP of the video → waits for its answer. */
  videoSetups: Set<string>;
  /** Interleaved channel that carries RTP of the video. */
  videoChannel: number | undefined;
}

const DOLLAR = 0x24;

/** Splits a byte stream of RTSP over TCP into messages and interleaved frames, each handed over whole. */
class Splitter {
  private rest: Buffer = Buffer.alloc(0);
  private readonly onMessage: (text: string, bytes: Buffer) => void;
  private readonly onFrame: (channel: number, bytes: Buffer) => void;

  constructor(
    onMessage: (text: string, bytes: Buffer) => void,
    onFrame: (channel: number, bytes: Buffer) => void,
  ) {
    this.onMessage = onMessage;
    this.onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (let size = this.next(); size > 0; size = this.next()) {
      const bytes = this.rest.subarray(0, size);
      this.rest = this.rest.subarray(size);
      if (bytes[0] === DOLLAR) this.onFrame(bytes[1]!, bytes);
      else this.onMessage(bytes.toString('latin1'), bytes);
    }
  }

  /** Length of the first whole message or frame; 0: not whole yet. */
  private next(): number {
    if (this.rest.length < 4) return 0;
    if (this.rest[0] === DOLLAR) {
      const size = 4 + this.rest.readUInt16BE(2);
      return this.rest.length >= size ? size : 0;
    }
    const end = this.rest.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const head = this.rest.toString('latin1', 0, end);
    const size = end + 4 + Number(header(head, 'content-length') ?? 0);
    return this.rest.length >= size ? size : 0;
  }
}

function header(text: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?) *\\r?$`, 'im').exec(text)?.[1];
}

/** The `a=control` of the video part of a description. */
function videoControlOf(text: string): string | undefined {
  const part = text.split(/^m=/m).find((section) => section.startsWith('video'));
  return part === undefined ? undefined : /^a=control:(\S+)/m.exec(part)?.[1];
}

function relay(client: Socket, server: Socket, delayMs: number, onHeld: () => void): void {
  const session: Session = { videoControl: undefined, videoSetups: new Set(), videoChannel: undefined };
  const timers = new Set<NodeJS.Timeout>();
  const toServer = new Splitter(
    (text, bytes) => {
      const url = /^SETUP (\S+) /.exec(text)?.[1];
      const { videoControl } = session;
      if (url !== undefined && videoControl !== undefined && url.endsWith(videoControl)) {
        session.videoSetups.add(header(text, 'cseq') ?? '');
      }
      server.write(bytes);
    },
    (_channel, bytes) => server.write(bytes),
  );
  const toClient = new Splitter(
    (text, bytes) => {
      session.videoControl ??= videoControlOf(text);
      if (session.videoSetups.has(header(text, 'cseq') ?? 'none')) {
        const channel = /interleaved=(\d+)/.exec(header(text, 'transport') ?? '')?.[1];
        if (channel !== undefined) session.videoChannel = Number(channel);
      }
      client.write(bytes);
    },
    (channel, bytes) => {
      if (channel !== session.videoChannel) {
        client.write(bytes);
        return;
      }
      onHeld();
      // Timers of equal length fire in the order in which they were set.
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (!client.destroyed) client.write(bytes);
      }, delayMs);
      timers.add(timer);
    },
  );
  client.on('data', (chunk: Buffer) => toServer.push(chunk));
  server.on('data', (chunk: Buffer) => toClient.push(chunk));
  const end = (): void => {
    for (const timer of timers) clearTimeout(timer);
    client.destroy();
    server.destroy();
  };
  for (const socket of [client, server]) {
    socket.setNoDelay(true);
    socket.on('error', end);
    socket.on('close', end);
  }
}

/** Listens on a port of its own until the scope ends. */
export async function startLateVideoProxy(
  s: Scope,
  options: { serverPort: number; delayMs: number },
): Promise<LateVideoProxy> {
  const [port] = (await freePorts(1)) as [number];
  const sockets = new Set<Socket>();
  let held = 0;
  const listener = createServer((client) => {
    const server = connect(options.serverPort, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    relay(client, server, options.delayMs, () => {
      held += 1;
    });
  });
  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
  s.defer(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return { port, held: () => held };
}
