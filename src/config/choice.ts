/** Values with a short and a long form. Unlike a union of zod, the form decides which errors are told. */
import { z } from 'zod';
import { explain } from './explain.ts';

export type Form = 'text' | 'map' | 'list' | 'switch' | 'number' | 'nothing';

export function formOf(value: unknown): Form {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object') return 'map';
  if (typeof value === 'boolean') return 'switch';
  return typeof value === 'number' ? 'number' : 'text';
}

/** Tells the schema that a value of this form must match, or says in a few words what is wrong with it. */
type Pick<Output> = (value: unknown) => z.ZodType<Output> | string;

/**
 * A schema that looks at the value, picks one of `options` and reports only what that one finds.
 * In the JSON Schema it is any of them.
 */
export function choice<Output>(options: readonly z.ZodType<Output>[], pick: Pick<Output>) {
  return z
    .unknown()
    .transform((value, context): Output => {
      const picked = pick(value);
      if (typeof picked === 'string') {
        context.addIssue({ code: 'custom', message: picked });
        return z.NEVER;
      }
      const result = picked.safeParse(value, { error: explain });
      if (result.success) return result.data;
      for (const issue of result.error.issues)
        context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
      return z.NEVER;
    })
    .meta({ anyOf: options.map(inputSchema).map(({ $schema, ...json }) => json) });
}

/** One schema for each form. */
export function byForm<Output>(forms: Partial<Record<Form, z.ZodType<Output>>>, expected: string) {
  const options = Object.values(forms);
  return choice<Output>(options, (value) => forms[formOf(value)] ?? `expected ${expected}`);
}

/** What may stand in the file, as JSON Schema: draft 7, which the language server of YAML knows best. */
export function inputSchema(schema: z.ZodType): Record<string, unknown> {
  const { '~standard': _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    // Zod leaves these out where a schema transforms; ours are always of the input.
    override({ zodSchema, jsonSchema }) {
      const { default: usual, examples } = z.globalRegistry.get(zodSchema as unknown as z.ZodType) ?? {};
      if (usual !== undefined) jsonSchema.default = usual as typeof jsonSchema.default;
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
  return json;
}
