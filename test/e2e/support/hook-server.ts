/** A server that answers for the frames of an `http:` hook and changes none. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from './process.ts';

export interface HookServer {
  url: string;
  /** Frames that it was sent. */
  asked(): number;
}

/** `nothing`: 204, the frame stays as it is · `echo`: the picture itself comes back. */
export async function startHookServer(s: Scope, answer: 'nothing' | 'echo' = 'nothing'): Promise<HookServer> {
  let asked = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      asked += 1;
      if (answer === 'nothing') response.writeHead(204).end();
      else
        response
          .writeHead(200, { 'content-type': request.headers['content-type'] ?? 'image/jpeg' })
          .end(Buffer.concat(parts));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/frame`, asked: () => asked };
}
