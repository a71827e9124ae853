/** Who can reach the listeners, and whether they get in each other's way. */
import type { Address, Config, Protocol } from './config.ts';
import { type Path, quote } from './diagnostic.ts';
import type { Reader } from './read.ts';
import { isLoopback, isWildcard } from './url.ts';

export function checkServer({ server, api }: Config, reader: Reader): void {
  const taken: { path: Path; label: string; address: Address; transport: string }[] = [];
  const listeners = Object.entries(server.listen) as [Protocol, Address | false][];
  const declaresUsers = Array.isArray((reader.entries()['server'] as { users?: unknown } | undefined)?.users);
  for (const [protocol, address] of listeners) {
    if (!address) continue;
    const path = ['server', protocol];
    if (!isLoopback(address.host) && !declaresUsers) {
      reader.fail(
        path,
        'everybody on the network could watch and publish here',
        'add users below server, or listen on 127.0.0.1',
      );
    }
    taken.push({ path, label: `server.${protocol}`, address, transport: protocol === 'srt' ? 'udp' : 'tcp' });
  }
  if (api.listen) {
    const path = ['api', 'listen'];
    if (!isLoopback(api.listen.host)) {
      reader.fail(path, 'the API listens on this machine only in this version', 'e.g. 127.0.0.1:9980');
    }
    taken.push({ path, label: 'api.listen', address: api.listen, transport: 'tcp' });
  }
  taken.forEach((one, index) => {
    const other = taken
      .slice(0, index)
      .find((before) => before.transport === one.transport && clash(before, one));
    if (other)
      reader.fail(one.path, `port ${one.address.port} is taken by ${other.label}`, 'give each its own port');
  });
  checkUsers(server.users, reader);
}

function clash(one: { address: Address }, other: { address: Address }): boolean {
  const [a, b] = [one.address, other.address];
  return a.port === b.port && (a.host === b.host || isWildcard(a.host) || isWildcard(b.host));
}

function checkUsers(users: Config['server']['users'], reader: Reader): void {
  const seen = new Set<string>();
  users.forEach(({ name }, index) => {
    if (seen.has(name)) reader.fail(['server', 'users', index, 'name'], `there are two users ${quote(name)}`);
    seen.add(name);
  });
}
