/** The small languages inside relay.yaml: durations, bit rates, sizes, addresses, names. Each a zod schema of its text. */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Address } from './config.ts';
import { unsafeNames } from './tree.ts';

/** To the media server these stand for every path. */
const everyPath: readonly string[] = ['all', 'all_others'];

export const namePattern = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,7}$/;

/** How a name must look; undefined: it is one. */
export function nameProblem(name: string): string | undefined {
  if (!namePattern.test(name)) {
    return 'a name has letters, digits, _ and -, at most 64 in each part, and at most 8 parts with / between them';
  }
  const unsafe = everyPath.includes(name) ? name : name.split('/').find((part) => unsafeNames.includes(part));
  return unsafe && `"${unsafe}" can not be a name`;
}

/** A name of a source, a route or a path. */
export const name = z
  .string()
  .superRefine((text, context) => {
    const message = nameProblem(text);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .meta({ pattern: namePattern.source });

const secondsOf: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** "2s", "500ms", "1m", "1h", "7d" → seconds. */
export function duration(least: string, most: string) {
  const expected = 'expected a duration such as 500ms, 2s, 1m or 1h';
  return z
    .string(expected)
    .regex(/^\d{1,6}(\.\d{1,3})?(ms|s|m|h|d)$/, expected)
    .transform(seconds)
    .refine(
      (value) => value >= seconds(least) && value <= seconds(most),
      `must be between ${least} and ${most}`,
    );
}

function seconds(text: string): number {
  const [, amount, unit] = /^([\d.]+)([a-z]+)$/.exec(text) ?? [];
  return Math.round(Number(amount) * (secondsOf[unit ?? ''] ?? 0) * 1e6) / 1e6;
}

/** "2M", "500k" → bits per second. */
export const bitrate = z
  .string('expected a bit rate such as 500k or 2M')
  .regex(/^\d{1,6}(\.\d{1,3})?[kM]$/, 'expected a bit rate such as 500k or 2M')
  .transform((text) => Math.round(Number(text.slice(0, -1)) * (text.endsWith('M') ? 1e6 : 1e3)))
  .refine((value) => value >= 6_000 && value <= 400_000_000, 'must be between 6k and 400M');

const bytesOf: Record<string, number> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** "512M", "2G" → bytes. */
export function bytes(least: string, most: string, example = '512M') {
  const expected = `expected an amount of bytes such as ${example} or 2G`;
  const amount = (text: string) => Number(text.slice(0, -1)) * (bytesOf[text.at(-1) ?? ''] ?? 0);
  return z
    .string(expected)
    .regex(/^\d{1,6}[KMGT]$/, expected)
    .transform(amount)
    .refine(
      (value) => value >= amount(least) && value <= amount(most),
      `must be between ${least} and ${most}`,
    );
}

/** Events of hooks, of the API and of `relay event` that can make a clip. */
export const eventNamePattern = /^[A-Za-z0-9_.-]{1,64}$/;

export const eventName = z
  .string()
  .regex(eventNamePattern, 'the name of an event has letters, digits, _ . and -, at most 64');

/** "1280x720". Encoders take even numbers only. */
export const size = z
  .string('expected a size such as 1280x720')
  .regex(/^\d{2,4}x\d{2,4}$/, 'expected a size such as 1280x720')
  .transform((text) => {
    const [width = 0, height = 0] = text.split('x').map(Number);
    return { width, height };
  })
  .refine(({ width, height }) => width >= 16 && height >= 16 && width <= 8192 && height <= 8192, {
    message: 'must be between 16x16 and 8192x8192',
  })
  .refine(({ width, height }) => width % 2 === 0 && height % 2 === 0, 'width and height must be even');

const addressForm = 'expected an address such as "127.0.0.1:8554"; ":8554" listens on every interface';

/** "127.0.0.1:8554", "[::1]:8554", "localhost:8554", ":8554". */
export const address = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:.]+\]|[0-9.]+|localhost)?:\d{1,5}$/, addressForm)
  .transform((text, context): Address => {
    const colon = text.lastIndexOf(':');
    const host = text
      .slice(0, colon)
      .replace(/^\[|\]$/g, '')
      .replace('localhost', '127.0.0.1');
    const port = Number(text.slice(colon + 1));
    if (host !== '' && isIP(host) === 0) context.addIssue({ code: 'custom', message: addressForm });
    if (port < 1 || port > 65535)
      context.addIssue({ code: 'custom', message: 'a port is a number from 1 to 65535' });
    return { host, port };
  });
