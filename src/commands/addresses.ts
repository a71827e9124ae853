/** Where players find each path. */
import type { Address } from '../config/config.ts';
import { reachableAddress } from '../plan/print-address.ts';
import type { Plan } from '../plan/types.ts';
import { nmsStream } from '../units/runtime.ts';
import type { Io } from './io.ts';

export interface PathAddresses {
  path: string;
  /** Somebody has to publish to it first. */
  publish: boolean;
  urls: string[];
}

export function addresses(plan: Plan): PathAddresses[] {
  const open = new Set(plan.paths.filter(({ from }) => from.by === 'public').map(({ name }) => name));
  // Not plan.paths: those of a source that has not answered yet are no less wanted.
  const names = new Set(plan.routes.flatMap(({ paths }) => paths));
  const urls = plan.server.driver === 'mediamtx' ? mediamtx : nodeMediaServer;
  return [...names].map((path) => ({ path, publish: open.has(path), urls: urls(plan.server.listen, path) }));
}

type Listen = Plan['server']['listen'];

function mediamtx({ rtsp, rtmp, hls, webrtc, srt }: Listen, path: string): string[] {
  return [
    ...at(rtsp, (host) => `rtsp://${host}/${path}`),
    ...at(rtmp, (host) => `rtmp://${host}/${path}`),
    ...at(hls, (host) => `http://${host}/${path}/index.m3u8`),
    ...at(webrtc, (host) => `http://${host}/${path}`),
    ...at(srt, (host) => `srt://${host}?streamid=read:${path}`),
  ];
}

function nodeMediaServer({ rtmp, hls }: Listen, path: string): string[] {
  const stream = `live/${nmsStream(path)}`;
  return [
    ...at(rtmp, (host) => `rtmp://${host}/${stream}`),
    ...at(hls, (host) => `http://${host}/${stream}.flv`),
  ];
}

function at(address: Address | false, url: (host: string) => string): string[] {
  return address ? [url(reachableAddress(address))] : [];
}

export function printAddresses(list: PathAddresses[], style: Io['style']): string {
  return list
    .map(({ path, publish, urls }) => {
      const waits = publish ? '  waits for somebody to publish to its RTSP or RTMP address' : '';
      return [style('bold', path) + waits, ...urls.map((url) => `  ${url}`)].join('\n');
    })
    .join('\n');
}
