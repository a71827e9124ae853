import type { Address } from '../config/config.ts';

/** "127.0.0.1:8554", "[::1]:8554"; ":8554" for every interface. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
