/** URLs that the gateway will open: which are allowed, and why others are not. */
import { BlockList, isIP } from 'node:net';
import type { Address } from './config.ts';

export interface UrlProblem {
  message: string;
  hint?: string;
}

/** Networks where only the own machine or the cloud it runs in answers: never a camera, often keys. */
const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addAddress('100.100.100.200', 'ipv4');
refused.addAddress('192.0.0.192', 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6');
// IPv4 addresses in IPv6 clothes: compatible, NAT64, 6to4.
refused.addSubnet('::a9fe:0', 112, 'ipv6');
refused.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
refused.addSubnet('2002:a9fe::', 32, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const wildcard = new BlockList();
wildcard.addAddress('0.0.0.0', 'ipv4');
wildcard.addAddress('::', 'ipv6');

const defaultPorts: Record<string, number> = {
  rtsp: 554,
  rtsps: 322,
  rtmp: 1935,
  rtmps: 443,
  http: 80,
  https: 443,
};

/** What is wrong with a URL; undefined: it may be opened. Messages never quote it: it may hold a password. */
export function urlProblem(
  url: string,
  schemes: readonly string[],
  api: Address | false,
): UrlProblem | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || !schemes.includes(scheme) || !url.startsWith(`${scheme}://`)) {
    const expected = `expected a URL that starts with ${schemes.map((each) => `${each}://`).join(', ')}`;
    const known = scheme === undefined || schemes.includes(scheme);
    return { message: known ? expected : `"${scheme.slice(0, 20)}:" can not be opened here; ${expected}` };
  }
  // What is outside this set is read in different ways by different programs, so it could name two hosts at once.
  if (!/^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d-\x5f\x61-\x7e]+$/.test(url)) {
    return {
      message: 'the URL has a character that URLs can not have',
      hint: 'percent-encode it, e.g. a space as %20',
    };
  }
  if (url.includes('#')) return { message: 'the URL has a #', hint: 'in a password write it as %23' };
  if (!URL.canParse(url)) {
    return {
      message: 'this is not a URL',
      hint: 'special characters in a password must be percent-encoded, or come by ${NAME}',
    };
  }
  const parsed = new URL(url);
  const host = plainHost(parsed.hostname);
  if (host === undefined) return { message: 'the URL has no host that could be looked up' };
  if (isRefused(host)) return { message: 'link-local and metadata addresses are refused' };
  const port = Number(parsed.port) || defaultPorts[scheme];
  if (api && port === api.port && isLocal(host))
    return { message: "this is the gateway's own API (api.listen)" };
  return undefined;
}

/**
 * The host as http URLs spell it: decimal, octal and hexadecimal addresses become dotted ones. Resolvers read
 * these spellings behind every scheme, but the URL standard normalises them for http only.
 */
function plainHost(hostname: string): string | undefined {
  const url = `http://${hostname}/`;
  if (hostname === '' || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function isRefused(host: string): boolean {
  const named = /^(metadata(\.google\.internal)?|instance-data(\.ec2\.internal)?)$/;
  return named.test(host) || isIn(refused, host);
}

/** Where a connection to this host ends on this machine. */
function isLocal(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIn(loopback, host) || isIn(wildcard, host);
}

/** Every interface, in any spelling. */
export function isWildcard(host: string): boolean {
  return host === '' || isIn(wildcard, host);
}

/** Only programs of this machine reach it. */
export function isLoopback(host: string): boolean {
  return isIn(loopback, host);
}

/** Also finds IPv4 addresses that are mapped into IPv6. */
function isIn(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
