import { readFile, writeFile } from 'node:fs/promises';
import { messageOf, RelayError } from '../errors.ts';
import { defineCommand } from './command.ts';

export const command = defineCommand({
  builder: (yargs) =>
    yargs
      .option('write', { type: 'string', requiresArg: true, describe: 'Write it to this file' })
      .option('check', {
        type: 'string',
        requiresArg: true,
        describe: 'Exit 1 if this file is not what --write would write',
      })
      .conflicts('write', 'check')
      .example(
        '$0 schema --write relay.schema.json',
        'then begin relay.yaml with\n# yaml-language-server: $schema=./relay.schema.json',
      ),

  async handler({ write, check }, io) {
    const { jsonSchema } = await import('../config/json-schema.ts');
    const text = `${JSON.stringify(jsonSchema(), null, 2)}\n`;
    if (write !== undefined) {
      await writeFile(write, text).catch((error: unknown) => {
        throw new RelayError('RELAY_USAGE', `${write} can't be written: ${messageOf(error)}`, { hint: '' });
      });
      io.say(`wrote ${write}`);
    } else if (check !== undefined) {
      if ((await readFile(check, 'utf8').catch(() => '')) === text) return 0;
      io.say(`${check} is out of date: relay schema --write ${check}`);
      return 1;
    } else {
      // Byte for byte what --write writes: the passwords in its examples are none, so no redactor.
      process.stdout.write(text);
    }
    return 0;
  },
});
