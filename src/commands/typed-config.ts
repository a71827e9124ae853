/** The config of a command line: what a person typed goes through the same checks as a relay.yaml. */
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/diagnostic.ts';
import { parseConfig } from '../config/load.ts';
import { RelayError } from '../errors.ts';
import type { Io } from './io.ts';

export function typedConfig(file: object, io: Io): Config {
  // JSON is YAML. What is typed is meant as it is, not as a reference to the environment.
  const text = JSON.stringify(file, (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('${', '$${') : value,
  );
  try {
    const config = parseConfig(text, { file: 'command line', env: io.env });
    io.redact.add(config.secrets);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Nobody sees the file: its lines and columns would say nothing.
    const [first] = error.diagnostics;
    throw new RelayError('RELAY_USAGE', first?.message ?? error.message, { hint: first?.hint ?? '' });
  }
}
