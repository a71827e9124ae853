/** Tells which route's hook was saved, for routes whose hook is a file on this machine. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config, Route } from './config/config.ts';
import type { Log } from './observe/log.ts';
import { type FileWatch, watchFile } from './watch.ts';

export class HookWatch {
  readonly #saved: (route: string) => void;
  readonly #log: Log;
  /** By route and file. */
  readonly #watched = new Map<string, FileWatch>();

  constructor(saved: (route: string) => void, log: Log) {
    this.#saved = saved;
    this.#log = log;
  }

  /** Watches the files of these routes, and no others any more. */
  set(routes: Config['routes']): void {
    const wanted = new Map<string, { route: string; file: string }>(
      Object.values(routes).flatMap((route) =>
        filesOf(route).map((file) => [`${route.name}\0${file}`, { route: route.name, file }] as const),
      ),
    );
    for (const [key, watch] of this.#watched) {
      if (wanted.has(key)) continue;
      watch.close();
      this.#watched.delete(key);
    }
    for (const [key, { route, file }] of wanted) {
      if (this.#watched.has(key)) continue;
      this.#watched.set(
        key,
        watchFile(file, () => this.#saved(route), this.#log),
      );
    }
  }

  close(): void {
    this.set({});
  }
}

/** The module, or what a command names beside its program: `[python3, hooks/people.py]`. */
function filesOf({ hook }: Route): string[] {
  if (hook?.runner.by === 'module') return existsSync(hook.runner.file) ? [hook.runner.file] : [];
  if (hook?.runner.by !== 'command') return [];
  const { argv, dir } = hook.runner;
  return argv
    .map((word) => resolve(dir, word))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
}
