/** Hooks that come with us, as relay.yaml names them: `relay:motion`. */
export const builtinHooks = ['stamp', 'motion', 'privacy', 'gray'] as const;
export type BuiltinHook = (typeof builtinHooks)[number];
