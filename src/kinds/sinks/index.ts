/** Where a route ends. `segments`, `clips`, `snapshots` and `file` will each be one more file and line here. */
import * as path from './path.ts';
import * as remote from './remote.ts';

export type Sink = path.PathSink | remote.RemoteSink;

export const sinkKinds = { path: path.path, remote: remote.remote } as const;
