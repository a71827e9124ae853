import t from 'tap';
import { builtinHooks } from '../../../src/hooks/builtin/names.ts';

t.test('each name is a file with a hook', async (t) => {
  for (const name of builtinHooks) {
    const { default: hook } = await import(`../../../src/hooks/builtin/${name}.ts`);
    t.type(hook.process, 'function', name);
  }
});
