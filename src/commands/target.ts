/** What a person types for a source on a command line → the source as it would stand in relay.yaml. */
import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { RelayError } from '../errors.ts';

export interface Target {
  /** A name that fits it. */
  name: string;
  source: Record<string, string | number | boolean>;
}

const pictures = new Set(['.png', '.jpg', '.jpeg', '.webp', '.bmp', '.tif', '.tiff']);

export interface TargetOptions {
  env: NodeJS.ProcessEnv;
  loop?: boolean | undefined;
  fps?: number | undefined;
  audio?: string | undefined;
}

export function readTarget(text: string, { env, loop, fps, audio }: TargetOptions): Target {
  const captured = { ...(fps && { fps }), ...(audio && { audio }) };
  if (text === 'test') return { name: 'test', source: { test: 'bars', ...(fps && { fps }) } };
  const [, desktop] = /^desktop(?::(.+))?$/.exec(text) ?? [text];
  if (/^desktop(:|$)/.test(text)) {
    return { name: 'desktop', source: { desktop: desktop ?? ownDesktop(env), ...captured } };
  }
  const [, device] = /^(?:device:(.+)|\/dev\/.+)$/.exec(text) ?? [];
  if (device !== undefined || text.startsWith('/dev/')) {
    return {
      name: safeName(basename(device ?? text), 'device'),
      source: { device: device ?? text, ...captured },
    };
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { name: urlName(text), source: { url: text } };

  const file = resolve(text);
  if (!existsSync(file)) {
    throw new RelayError('RELAY_USAGE', `there is no file ${text}`, {
      hint: 'a source is a file, a picture, a URL, "desktop", "test" or a device such as /dev/video0',
    });
  }
  const name = safeName(basename(file, extname(file)), 'file');
  if (pictures.has(extname(file).toLowerCase()))
    return { name, source: { image: file, ...(fps && { fps }) } };
  return { name, source: { file, ...(loop && { loop }) } };
}

function ownDesktop(env: NodeJS.ProcessEnv): string {
  if (process.platform === 'win32') return 'desktop';
  return process.platform === 'darwin' ? '1' : (env.DISPLAY ?? ':0.0');
}

/** rtsp://user:pass@192.0.2.10/stream1 → "stream1" */
function urlName(url: string): string {
  const last = URL.canParse(url) ? new URL(url).pathname.split('/').filter(Boolean).at(-1) : undefined;
  return safeName((last ?? '').replace(/\.[a-z0-9]{2,4}$/i, ''), 'camera');
}

export function safeName(text: string, otherwise: string): string {
  const safe = text
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64);
  return safe || otherwise;
}
