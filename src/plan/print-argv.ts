import { hookLabel, programOf } from './print-unit.ts';
import type { Arg, Plan, UnitSpec } from './types.ts';

/** One command a unit, quoted for a POSIX shell, with its reasons as comments in front. */
export function printArgv(plan: Plan): string {
  return plan.units
    .map((unit) => [`# ${unit.id}`, ...unit.why.map((why) => `#   ${why}`), command(unit)].join('\n'))
    .join('\n\n');
}

function command(unit: UnitSpec): string {
  // It gets its job by its input, so there is nothing to type.
  if (unit.kind === 'recorder') return `# ${programOf(unit)}`;
  if (unit.kind === 'worker') return `# ${programOf(unit)} (${hookLabel(unit.hook.runner)})`;
  return [programOf(unit), ...unit.args.map((arg) => quote(argText(arg)))].join(' ');
}

/** The private addresses of the server are known only while it runs: what stands for them is shown. */
export function argText(arg: Arg): string {
  if (typeof arg === 'string') return arg;
  if ('join' in arg) return arg.join.map(argText).join('');
  if ('feed' in arg) return `{feed ${arg.feed}}`;
  return 'publish' in arg ? `{publish ${arg.publish} by ${arg.by}}` : `{read ${arg.read} by ${arg.by}}`;
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
