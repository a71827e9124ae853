import { readFileSync } from 'node:fs';
import t from 'tap';
import { jsonSchema } from '../../src/config/json-schema.ts';
import { sourceKinds } from '../../src/kinds/sources/index.ts';

interface Json {
  [key: string]: Json | undefined;
}
const schema = jsonSchema() as unknown as Json & { anyOf: Json[] };

t.test('relay.schema.json is what the code says', async (t) => {
  const written: unknown = JSON.parse(
    readFileSync(new URL('../../relay.schema.json', import.meta.url), 'utf8'),
  );
  t.same(written, schema, 'npm run schema writes it anew');
});

t.test('both forms of sources and routes', async (t) => {
  const source = schema['properties']?.['sources']?.['additionalProperties']?.['anyOf'] as unknown as Json[];
  const keys = source.slice(1).map((form) => Object.keys(form['properties'] ?? {})[0]);
  t.same(keys, Object.keys(sourceKinds));
  t.match(source[0], { anyOf: [{ type: 'string', pattern: /rtsp/ }, {}] });
  t.match(schema['properties']?.['routes']?.['additionalProperties'], {
    anyOf: [{ type: 'string' }, { properties: { from: {} } }],
  });
});

t.test('editors explain every key', async (t) => {
  const silent: string[] = [];
  const walk = (node: unknown, path: string) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node as Json)) {
      if (key === 'properties') {
        for (const [name, property] of Object.entries(value ?? {})) {
          if (!property?.['description']) silent.push(`${path}.${name}`);
          walk(property, `${path}.${name}`);
        }
      } else if (key !== 'examples' && key !== 'default') walk(value, path);
    }
  };
  walk(schema, '');
  t.same(silent, []);
});

t.test('a variable may stand for a number', async (t) => {
  const route = schema['properties']?.['routes']?.['additionalProperties']?.['anyOf'] as unknown as Json[];
  t.match(route[1]?.['properties']?.['split'], {
    default: false,
    anyOf: [{ type: 'boolean' }, { pattern: '\\$\\{' }],
  });
  t.match(schema['properties']?.['stall'], { default: '5s', examples: ['5s', '10s'] });
});

t.test('a hook: its short form, and one form for each that can run it', async (t) => {
  const route = schema['properties']?.['routes']?.['additionalProperties']?.['anyOf'] as unknown as Json[];
  const hook = route[1]?.['properties']?.['hook']?.['anyOf'] as unknown as Json[];
  t.match(hook[0], { type: 'string', examples: ['./hooks/people.ts', 'relay:motion', /^http/] });
  const forms = hook[1]?.['anyOf'] as unknown as Json[];
  const keys = forms.map((form) => Object.keys(form['properties'] ?? {}));
  t.strictSame(
    keys.map((each) => each[0]),
    ['module', 'command', 'http', 'http'],
  );
  t.notOk(keys[0]?.includes('quality'), 'keys of http are not offered for a module');
  t.ok(keys[3]?.includes('model'));
  for (const each of keys) t.ok(each.includes('whenBehind'));
});
