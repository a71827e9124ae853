/** Where a route ends. A new kind is one file beside this one and one line in each of the two tables. */
import { dirname } from 'node:path';
import { type ClipsSink, clips } from './clips.ts';
import { type FileSink, file } from './file.ts';
import { type PathSink, path } from './path.ts';
import { type RemoteSink, remote } from './remote.ts';
import { type SegmentsSink, segments } from './segments.ts';
import type { SinkKind } from './sink.ts';
import { type SnapshotsSink, snapshots } from './snapshots.ts';

/** What the recorder writes, as against what the server serves and what a process of its own takes. */
export type RecordSink = SegmentsSink | ClipsSink | FileSink;
export type DiskSink = RecordSink | SnapshotsSink;
export type Sink = PathSink | RemoteSink | DiskSink;

/** Told apart by how their text looks. */
export const textSinks = { path, remote } as const;

/** Told apart by their key. */
export const diskSinks = { segments, clips, snapshots, file } as const satisfies {
  [Kind in DiskSink['kind']]: SinkKind<Extract<DiskSink, { kind: Kind }>>;
};

export function isDiskSink(sink: Sink): sink is DiskSink {
  return Object.hasOwn(diskSinks, sink.kind);
}

export function isRecordSink(sink: Sink): sink is RecordSink {
  return isDiskSink(sink) && sink.kind !== 'snapshots';
}

/** The folder that it writes to. */
export function folderOf(sink: DiskSink): string {
  return sink.kind === 'file' ? dirname(sink.path) : sink.dir;
}
