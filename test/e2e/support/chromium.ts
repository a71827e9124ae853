/** A headless browser that plays the media server's WebRTC page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { find } from './binaries.ts';
import { type Scope, until } from './process.ts';

export interface Played {
  /** Seconds of media that the player has shown. */
  time: number;
  width: number;
  frames: number;
  audioTracks: number;
  /** Samples of sound that came out of the jitter buffer. */
  audioSamples: number;
  codecs: string[];
}

export function chromiumPath(): string | undefined {
  return process.env.RELAY_TEST_CHROMIUM ?? find('chromium') ?? find('google-chrome');
}

/**
 * Notes each peer connection of the page, so that its statistics can be read.
 * Text, not a function: it runs in the page, whose types are not ours.
 */
const watchPeers = `
  window.__peers = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) { super(...args); window.__peers.push(this); }
  };
`;

const look = `(async () => {
  const video = document.querySelector('video');
  const stream = video && video.srcObject;
  const result = {
    time: video ? video.currentTime : 0,
    width: video ? video.videoWidth : 0,
    frames: video ? video.getVideoPlaybackQuality().totalVideoFrames : 0,
    audioTracks: stream ? stream.getAudioTracks().length : 0,
    audioSamples: 0,
    codecs: [],
  };
  for (const peer of window.__peers) {
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'audio') result.audioSamples += entry.totalSamplesReceived || 0;
      if (entry.type === 'codec') result.codecs.push(entry.mimeType);
    }
  }
  return result;
})()`;

/** Opens the page and waits until it has played `frames` pictures while its time moved on. */
export async function playPage(
  s: Scope,
  url: string,
  options: { frames?: number; timeout?: number; screenshot?: string } = {},
): Promise<Played> {
  const { frames = 50, timeout = 30_000 } = options;
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('no Chromium: set RELAY_TEST_CHROMIUM');
  const profile = mkdtempSync(join(tmpdir(), 'relay-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      ...[
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
      ],
      ...['--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
    ],
  });
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  };
  s.defer(close);
  try {
    const page = await context.newPage();
    await page.addInitScript({ content: watchPeers });
    await page.goto(url);
    let last: Played | undefined;
    const result = await until(
      async () => {
        const before = last?.time ?? 0;
        last = (await page.evaluate(look)) as Played;
        return last.frames >= frames && last.time > before && before > 0 && last.width > 0 ? last : undefined;
      },
      { timeout, every: 250, what: `video to play on ${url}` },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; last seen: ${JSON.stringify(last)}`);
    });
    if (options.screenshot !== undefined) await page.screenshot({ path: options.screenshot });
    return result;
  } finally {
    await close();
  }
}
