import type { Address } from '../config/config.ts';

/** "127.0.0.1:8554", "[::1]:8554"; ":8554" for every interface. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** How this machine reaches a listener: one on every interface by the loopback address. */
export function reachableAddress({ host, port }: Address): string {
  const every = host === '' || host === '0.0.0.0' || host === '::';
  return formatAddress({ host: every ? '127.0.0.1' : host, port });
}
