/** `${NAME}`, `${NAME:-default}` and `$${` in the text of one value. */

export type Environment = Record<string, string | undefined>;

export interface Interpolated {
  text: string;
  /** What came from the environment, as it was there. */
  values: string[];
  /** The value was one `${…}` and nothing else. */
  whole: boolean;
  /** What is wrong with it, one line each. */
  problems: string[];
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g;
const form = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

export function interpolate(template: string, env: Environment): Interpolated {
  const values: string[] = [];
  const problems: string[] = [];
  const userinfo = userinfoOf(template);
  const text = template.replace(
    reference,
    (found, inner: string | undefined, end: string, offset: number) => {
      if (found === '$${') return '${';
      const [, name, otherwise] = form.exec(inner ?? '') ?? [];
      if (name === undefined || end === '') {
        problems.push(
          'a reference to the environment is ${NAME} or ${NAME:-default}; a literal ${ is written $${',
        );
        return '';
      }
      // Only own properties: NAME may be "constructor".
      const set = Object.hasOwn(env, name) ? env[name] : undefined;
      // As in a shell, an empty variable takes the default too.
      const value = otherwise === undefined ? set : set || otherwise;
      if (value === undefined) {
        problems.push(`the environment variable ${name} is not set`);
        return '';
      }
      if (/[\p{Cc}\p{Cs}]/u.test(value)) {
        problems.push(`the environment variable ${name} has a control character or a line break`);
        return '';
      }
      if (value === set) values.push(value);
      return offset >= userinfo.start && offset < userinfo.end ? encodeURIComponent(value) : value;
    },
  );
  const first = /^\$\{[^}]*\}$/.test(template);
  return { text, values, whole: first, problems };
}

/**
 * Where user and password stand in the template of a URL: what is put there is percent-encoded, so that
 * a password may hold any character. What `${…}` encloses doesn't count as part of the URL.
 */
function userinfoOf(template: string): { start: number; end: number } {
  const masked = template.replace(reference, (found) => '_'.repeat(found.length));
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(masked)?.[0];
  if (scheme === undefined) return { start: 0, end: 0 };
  const slash = masked.indexOf('/', scheme.length);
  const authority = masked.slice(0, slash < 0 ? undefined : slash);
  return { start: scheme.length, end: authority.lastIndexOf('@') };
}
