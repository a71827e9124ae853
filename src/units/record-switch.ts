/** Which paths the server is to record: those of which the recorder said so, and who waits for its word. */
import type { PathSpec, Plan } from '../plan/types.ts';

export class RecordSwitch {
  /** By path and folder: whether it is on. A path whose folder changes is looked at anew. */
  readonly #said = new Map<string, boolean>();
  /** Waited for in vain once; nobody waits for them again. */
  readonly #late = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #patience: number;
  #rings = new Map<string, string>();

  /** @param patience milliseconds that a publisher waits: recording must never keep a stream from running */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** The recorded paths of this plan. */
  set(plan: Plan): void {
    this.#rings = new Map(plan.paths.flatMap(({ name, record }) => (record ? [[name, record.ring]] : [])));
    for (const check of [...this.#waiting]) check();
  }

  /** @returns whether that is new */
  say(path: string, ring: string, on: boolean): boolean {
    const changed = this.#said.get(keyOf(path, ring)) !== on;
    this.#said.set(keyOf(path, ring), on);
    return changed;
  }

  /** Nothing is recorded until it is said again. @returns whether that is new */
  off(): boolean {
    const any = [...this.#said.values()].includes(true);
    for (const key of this.#said.keys()) this.#said.set(key, false);
    return any;
  }

  /** What was said has reached the server. */
  settled(): void {
    for (const check of [...this.#waiting]) check();
  }

  isOn({ name, record }: PathSpec): boolean {
    return record !== undefined && this.#said.get(keyOf(name, record.ring)) === true;
  }

  /** Resolves when the recorder has said on or off for all of these that are recorded, or nobody waits any longer. */
  whenSaid(paths: readonly string[], signal: AbortSignal): Promise<void> {
    const open = (): string[] =>
      paths.flatMap((path) => {
        const ring = this.#rings.get(path);
        const key = keyOf(path, ring ?? '');
        return ring === undefined || this.#said.has(key) || this.#late.has(key) ? [] : [key];
      });
    if (open().length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (open().length > 0 && !signal.aborted) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        signal.removeEventListener('abort', check);
        resolve();
      };
      const timer = setTimeout(() => {
        for (const key of open()) this.#late.add(key);
        check();
      }, this.#patience);
      this.#waiting.add(check);
      signal.addEventListener('abort', check);
      check();
    });
  }
}

function keyOf(path: string, ring: string): string {
  return `${path}\0${ring}`;
}
