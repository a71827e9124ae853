/** A probe's report for people. */
import { ratio } from '../media.ts';
import type { ProbeReport, TrackReport } from '../observe/probe-report.ts';
import type { Io } from './io.ts';
import { short } from './table.ts';

export function printProbe(report: ProbeReport, style: Io['style']): string {
  const { url, container, live, duration, size, bitRate, avOffset, tracks, cover } = report;
  const head = rows([
    ['container', container + (live ? ', live' : '')],
    ['duration', duration === undefined ? undefined : seconds(duration)],
    ['size', size === undefined ? undefined : `${size} bytes`],
    ['bit rate', bitRate === undefined ? undefined : `${short(bitRate)}bit/s`],
    ['A/V offset', avOffset === undefined ? undefined : offset(avOffset)],
    ['cover', cover],
  ]);
  const parts = tracks.map(
    (track) => `${style('bold', `#${track.index} ${track.type}`)}\n${rows(describe(track))}`,
  );
  return [style('bold', url), head, ...parts].join('\n');
}

type Row = [name: string, value: string | undefined];

function describe(track: TrackReport): Row[] {
  const codec: Row = [
    'codec',
    [track.codec, 'profile' in track && track.profile, track.fourcc && `(${track.fourcc})`]
      .filter(Boolean)
      .join(' '),
  ];
  const common: Row[] = [
    ['bit rate', track.bitRate === undefined ? undefined : `${short(track.bitRate)}bit/s`],
    ['starts at', track.start === undefined ? undefined : seconds(track.start)],
    ['language', track.language],
  ];
  if (track.type === 'video') {
    return [
      codec,
      ['size', `${track.width}x${track.height}`],
      ['pixels', track.pixelFormat],
      ['frame rate', frameRate(track)],
      [
        'frames',
        track.decodedFrames === undefined
          ? `${track.packets}`
          : `${track.packets}, ${track.decodedFrames} decoded`,
      ],
      ['key frames', keyFrames(track)],
      ['B-frames', track.bFrames ? 'yes' : 'no'],
      ...common,
    ];
  }
  if (track.type === 'audio') {
    return [
      codec,
      [
        'sound',
        `${track.sampleRate} Hz, ${track.channels === 1 ? 'mono' : track.channels === 2 ? 'stereo' : `${track.channels} channels`}`,
      ],
      ['packets', `${track.packets}`],
      ...common,
    ];
  }
  return [codec, ['packets', `${track.packets}`], ...common];
}

function frameRate(track: TrackReport & { type: 'video' }): string {
  const declared = ratio(track.frameRate);
  const known = declared === 0 ? 'not declared' : `${Number(declared.toFixed(3))} (${track.frameRate})`;
  const measured = track.measuredFrameRate;
  const differs = measured !== undefined && Math.abs(measured - declared) > 0.05;
  return [known, differs && `${measured} measured`, track.variableFrameRate && 'variable']
    .filter(Boolean)
    .join(', ');
}

function keyFrames({ keyFrames }: TrackReport): string | undefined {
  if (!keyFrames) return undefined;
  const { count, interval } = keyFrames;
  if (!interval) return `${count}`;
  const { min, average, max } = interval;
  return `${count}, every ${seconds(average)}${max - min > 0.001 ? ` (${seconds(min)} to ${seconds(max)})` : ''}`;
}

function offset(value: number): string {
  const ms = `${Math.abs(value * 1000).toFixed(1)} ms`;
  if (value === 0) return 'none';
  return value < 0 ? `sound starts ${ms} before the picture` : `sound starts ${ms} after the picture`;
}

function seconds(value: number): string {
  return `${Number(value.toFixed(3))} s`;
}

function rows(all: Row[]): string {
  return all
    .flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(11)}${value}`]))
    .join('\n');
}
