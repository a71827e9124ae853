/** Where one hook connects: a socket that only this user can open, else one that asks for a word. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

export class Listener {
  /** For the hook's environment. */
  readonly env: { RELAY_HOOK: string; RELAY_HOOK_TOKEN?: string };
  readonly #server: Server;
  readonly #file: string | undefined;

  static async open(dir: string, platform = process.platform): Promise<Listener> {
    const server = createServer();
    const file = platform === 'win32' ? undefined : join(dir, `${randomBytes(4).toString('hex')}.sock`);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (file === undefined) server.listen(0, '127.0.0.1', resolve);
      else server.listen(file, resolve);
    });
    if (file !== undefined) chmodSync(file, 0o600);
    return new Listener(server, file);
  }

  private constructor(server: Server, file: string | undefined) {
    this.#server = server;
    this.#file = file;
    this.env =
      file === undefined
        ? {
            RELAY_HOOK: `tcp:127.0.0.1:${(server.address() as AddressInfo).port}`,
            RELAY_HOOK_TOKEN: randomBytes(24).toString('base64url'),
          }
        : { RELAY_HOOK: `unix:${file}` };
    server.on('error', () => {});
  }

  onConnection(callback: (socket: Socket) => void): void {
    this.#server.on('connection', callback);
  }

  /** Whether a hook may speak, by the token of its hello. */
  admits(token: string | undefined): boolean {
    const wanted = this.env.RELAY_HOOK_TOKEN;
    if (wanted === undefined) return true;
    const given = Buffer.from(token ?? '');
    return given.length === wanted.length && timingSafeEqual(given, Buffer.from(wanted));
  }

  /** Takes no more connections; those that there are stay. */
  close(): void {
    this.#server.close();
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
  }
}
