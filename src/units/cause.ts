/** Makes the ExitCause of an end that we decided on or saw ourselves. */
import type { ExitCause } from '../observe/state.ts';

export function cause(kind: ExitCause['class'], reason: string, rest: Partial<ExitCause> = {}): ExitCause {
  return { class: kind, reason, code: null, signal: null, at: Date.now(), stderr: [], ...rest };
}
