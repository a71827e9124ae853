/**
 * Each folder of test/golden is one case: relay.yaml and media.json (what probing saw) → plan.json.
 * `UPDATE=1 npx tap test/plan/golden.test.ts` writes the plans anew: read the difference before you commit it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parseConfig } from '../../src/config/load.ts';
import type { Media } from '../../src/media.ts';
import { plan } from '../../src/plan/plan.ts';
import { printPlan } from '../../src/plan/print.ts';
import { linuxTools } from '../support/facts.ts';

const root = resolve(import.meta.dirname, '../golden');

for (const name of readdirSync(root)) {
  t.test(name, async (t) => {
    const read = (file: string) => readFileSync(join(root, name, file), 'utf8');
    const config = parseConfig(read('relay.yaml'), {
      file: '/golden/relay.yaml',
      env: { CAMERA_PASS: 'p@ss/word' },
    });
    const media = JSON.parse(read('media.json')) as Record<string, Media>;
    const facts = { tools: { ...linuxTools, ...platformOf(name) }, media };
    const made = plan(config, facts);
    t.strictSame(plan(config, facts), made, 'the same input gives the same plan');
    t.strictSame(JSON.parse(JSON.stringify(made)), made, 'a plan is plain JSON');
    const text = `${JSON.stringify({ tree: printPlan(made, 'tree').split('\n'), plan: made }, null, 1)}\n`;
    if (process.env['UPDATE']) writeFileSync(join(root, name, 'plan.json'), text);
    t.equal(text, read('plan.json'));
  });
}

function platformOf(name: string): { platform?: 'darwin' | 'win32' } {
  if (name.endsWith('-macos')) return { platform: 'darwin' };
  return name.endsWith('-windows') ? { platform: 'win32' } : {};
}
