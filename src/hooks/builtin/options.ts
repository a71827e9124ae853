/** Reading `options` of a built-in hook: what is wrong is said with the option's name. */
type Options = Record<string, unknown>;

export function onlyOptions(options: Options, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) fail(unknown, `is no option of it; there are ${known.join(', ')}`);
}

export function numberOption(
  options: Options,
  name: string,
  limits: { least: number; most: number; otherwise: number },
): number {
  const value = options[name] ?? limits.otherwise;
  if (typeof value === 'number' && value >= limits.least && value <= limits.most) return value;
  return fail(name, `must be a number from ${limits.least} to ${limits.most}`);
}

export function textOption(options: Options, name: string, otherwise: string): string {
  const value = options[name] ?? otherwise;
  return typeof value === 'string' ? value : fail(name, 'must be text');
}

export function choiceOption<T extends string>(
  options: Options,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const value = options[name] ?? choices[0];
  const choice = choices.find((choice) => choice === value);
  return choice ?? fail(name, `must be one of ${choices.join(', ')}`);
}

export function fail(name: string, what: string): never {
  throw new Error(`options.${name} ${what}`);
}
