/** Client of the media server's control API: what is asked of it, and nothing more. */
import http from 'node:http';
import { messageOf, RelayError } from '../errors.ts';

/** The part of MediaMTX's path object that is used. */
export interface ApiPath {
  name: string;
  /** There is something to read, which may be the offline slate. */
  available: boolean;
  /** Footage flows. */
  online: boolean;
  onlineTime: string | null;
  tracks2?: { codec: string }[];
  readers: { type: string; id: string }[];
  inboundBytes: number;
  outboundBytes: number;
}

export interface ApiForward {
  conf: { dest: string };
  state: string;
  lastError: string;
}

export interface ApiAddress {
  port: number;
  user: string;
  password: string;
  /** Milliseconds until a call counts as unanswered. */
  timeout: number;
}

interface Page<T> {
  pageCount: number;
  items: T[];
}

export class MediamtxApi {
  readonly #address: ApiAddress;
  // One kept-alive connection: a poll then costs one write and one read.
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 2 });

  constructor(address: ApiAddress) {
    this.#address = address;
  }

  /** Answers once the server runs. */
  async info(): Promise<void> {
    await this.#call('GET', '/v3/info');
  }

  async paths(): Promise<ApiPath[]> {
    const paths = await this.#all<ApiPath>('/v3/paths/list?');
    // The server also calls a pulled path online while it only tries to reach the camera.
    for (const path of paths) path.online &&= path.available;
    return paths;
  }

  forwards(path: string): Promise<ApiForward[]> {
    return this.#all<ApiForward>(`/v3/paths/forward/list?path=${encodeURIComponent(path)}&`);
  }

  /**
   * Adds the path where there is none. Otherwise its publisher and readers are cut if anything but `forward` differs,
   * and nothing happens if nothing differs.
   */
  async replacePath(name: string, config: object): Promise<void> {
    await this.#call('POST', `/v3/config/paths/replace/${name}`, config);
  }

  async patchPath(name: string, config: object): Promise<void> {
    await this.#call('PATCH', `/v3/config/paths/patch/${name}`, config);
  }

  /** No error when there is none. */
  async deletePath(name: string): Promise<void> {
    await this.#call('DELETE', `/v3/config/paths/delete/${name}`, undefined, 404);
  }

  /** Takes effect at once and cuts nobody. No other global may ever be patched: a bad one ends the server. */
  async setUsers(users: object[]): Promise<void> {
    await this.#call('PATCH', '/v3/config/global/patch', { authInternalUsers: users });
  }

  /** The embedded server makes a path of whatever is published; this tells it which it is to show, and under which name. */
  async setStreams(streams: Record<string, string>): Promise<void> {
    await this.#call('POST', '/streams', streams);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #all<T>(query: string): Promise<T[]> {
    const items: T[] = [];
    for (let page = 0, pages = 1; page < pages; page++) {
      const answer = JSON.parse(await this.#call('GET', `${query}itemsPerPage=1000&page=${page}`)) as Page<T>;
      items.push(...answer.items);
      pages = answer.pageCount;
    }
    return items;
  }

  /** @param fine a status that is as good as 200 */
  #call(method: string, path: string, body?: object, fine = 200): Promise<string> {
    const { port, user, password, timeout } = this.#address;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void =>
        reject(
          new RelayError('RELAY_SERVER_API', `${method} ${path}: ${messageOf(error)}`, { cause: error }),
        );
      const request = http.request(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          auth: `${user}:${password}`,
          agent: this.#agent,
          signal: AbortSignal.timeout(timeout),
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('error', fail);
          response.on('end', () => {
            if (response.statusCode === 200 || response.statusCode === fine) resolve(text);
            else fail(`${response.statusCode} ${text.slice(0, 300)}`);
          });
        },
      );
      request.on('error', fail);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
