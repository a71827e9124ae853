/** The media server's own recorder on every path, switched on from outside: relay.yaml has no recordings yet. */
import { chmodSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mediamtxPath } from './binaries.ts';
import { type Scope, until } from './process.ts';

export interface Recorder {
  /** A media server for `server.binary` that records what it serves. */
  binary: string;
  /** The newest file of a path. */
  fileOf(path: string): Promise<string>;
}

export async function recorder(s: Scope): Promise<Recorder> {
  const dir = mkdtempSync(join(s.dir, 'recorder-'));
  const binary = join(dir, 'mediamtx');
  const settings = {
    MTX_PATHDEFAULTS_RECORD: 'yes',
    MTX_PATHDEFAULTS_RECORDPATH: join(dir, 'files', '%path', '%s_%f'),
    MTX_PATHDEFAULTS_RECORDPARTDURATION: '200ms',
  };
  const set = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`);
  writeFileSync(binary, ['#!/bin/sh', ...set, `exec '${await mediamtxPath()}' "$@"`, ''].join('\n'));
  chmodSync(binary, 0o755);
  return {
    binary,
    async fileOf(path) {
      const folder = join(dir, 'files', path);
      const name = await until(async () => readdirSync(folder).sort().at(-1), {
        what: `a recording of ${path}`,
      });
      return join(folder, name);
    },
  };
}
