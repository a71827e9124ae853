/** relay.yaml as JSON Schema: what editors use to complete, explain and check. */
import { inputSchema } from './choice.ts';
import { file } from './schema.ts';

type Json = Record<string, unknown>;

export function jsonSchema(): object {
  return allowEnvironment(inputSchema(file)) as object;
}

/** Where a value has a form, `${NAME}` may stand for it. */
function allowEnvironment(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(allowEnvironment);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { title, description, default: usual, examples, ...rest } = schema as Json;
  const notes = { title, description, default: usual, examples };
  const told = Object.fromEntries(Object.entries(notes).filter(([, value]) => value !== undefined));
  if (isLeaf(rest)) return { ...told, anyOf: [rest, { type: 'string', pattern: '\\$\\{' }] };
  const deep = Object.entries(rest).map(([key, value]) => {
    if (key === 'properties') return [key, mapValues(value as Json)];
    return [key, key === 'propertyNames' || typeof value !== 'object' ? value : allowEnvironment(value)];
  });
  return { ...told, ...Object.fromEntries(deep) };
}

function mapValues(properties: Json): Json {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, allowEnvironment(value)]));
}

function isLeaf(schema: Json): boolean {
  const { type } = schema;
  if (type === 'string') return 'pattern' in schema || 'enum' in schema;
  return type === 'number' || type === 'integer' || type === 'boolean';
}
