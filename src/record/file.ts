/** The `file` sink: one recording for each run of the gateway. */
import type { RunningSink, SinkHost } from './sink.ts';
import type { FileSpec } from './types.ts';

export async function openFile(_spec: FileSpec, _host: SinkHost): Promise<RunningSink> {
  throw new Error('not yet');
}
