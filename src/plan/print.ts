/** A plan as text. Pure; the caller redacts. */
import { printArgv } from './print-argv.ts';
import { printMermaid } from './print-mermaid.ts';
import { printTree } from './print-tree.ts';
import type { Plan } from './types.ts';

export const planFormats = ['tree', 'json', 'mermaid', 'argv'] as const;
export type PlanFormat = (typeof planFormats)[number];

const printers: Record<PlanFormat, (plan: Plan) => string> = {
  tree: printTree,
  json: (plan) => JSON.stringify(plan, null, 2),
  mermaid: printMermaid,
  argv: printArgv,
};

export function printPlan(plan: Plan, format: PlanFormat): string {
  return printers[format](plan);
}
