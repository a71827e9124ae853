/**
 * Keeps secrets out of everything that is printed. Two nets: known values (passwords of the config,
 * our own credentials) in each spelling they may take, and the places where a URL or a header
 * carries a secret, for those that nobody told us about.
 */

const MASK = '***';

/** Plain data of ours is flat; what is nested deeper than this would only exhaust the stack. */
const DEEPEST = 100;

/** Shorter values would mask half of every line; the patterns still catch them where they stand in a URL. */
const MIN_LENGTH = 4;

/**
 * Each part is bounded: what a stranger sends must not cost more than its length. Longer passwords are masked as known values.
 */
const patterns: [RegExp, string][] = [
  // scheme://user:password@ — the password may hold a stray "/" or ":" that should have been encoded
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s/@:?#"'<>\\]{0,256}):[^\s"'<>\\]{0,512}@/gi, `$1$2:${MASK}@`],
  // scheme://token@
  [/([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:?#"'<>\\]{1,512}@/gi, `$1${MASK}@`],
  // MediaMTX's SRT stream ids: publish:path:user:password
  [/(streamid=(?:publish|read|request)(?::|%3A)[^:&\s"'%]{0,512})(?::|%3A)[^&\s"'<>\\]*/gi, `$1:${MASK}`],
  [
    /([?&;](?:user|username|pass|passwd|password|pwd|passphrase|token|access_token|jwt|auth|key|apikey|api_key|secret|sign|signature|streamkey)=)[^&\s"'<>\\]*/gi,
    `$1${MASK}`,
  ],
  [/(authorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:basic|bearer|digest)\s+)?)[^\r\n"'\\]+/gi, `$1${MASK}`],
];

export interface Redactor {
  redactText(text: string): string;
  /** A copy of plain data with every string redacted. Keys are our own words: a password may be one of them. */
  redactValue<T>(value: T): T;
  /** From now on these are secrets too. */
  add(secrets: Iterable<string>): void;
}

export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const known = new Set<string>();
  let values: RegExp | undefined;

  const add = (more: Iterable<string>): void => {
    for (const secret of more) {
      if (secret.length < MIN_LENGTH) continue;
      for (const spelling of spellings(secret)) known.add(spelling);
    }
    const longestFirst = [...known].sort((a, b) => b.length - a.length);
    values = known.size === 0 ? undefined : new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
  };
  add(secrets);

  const redact = (text: string): string =>
    redactText(values === undefined ? text : text.replace(values, MASK));

  const redactValue = <T>(value: T, depth = 0): T => {
    if (typeof value === 'string') return redact(value) as T;
    if (typeof value !== 'object' || value === null) return value;
    if (depth > DEEPEST) return MASK as T;
    if (Array.isArray(value)) return value.map((entry) => redactValue(entry, depth + 1)) as T;
    const entries = Object.entries(value).map(([key, entry]) => [key, redactValue(entry, depth + 1)]);
    return Object.fromEntries(entries) as T;
  };

  return { redactText: redact, redactValue: (value) => redactValue(value), add };
}

/** What can be told without knowing any secret: passwords by the place where they stand. */
export function redactText(text: string): string {
  // Every pattern needs one of these; most lines have none, so they cost one scan.
  if (!/[@=]|authorization/i.test(text)) return text;
  return patterns.reduce((out, [pattern, mask]) => out.replace(pattern, mask), text);
}

/** How a secret may look in a URL, in JSON, in a command or as typed. */
function spellings(secret: string): Set<string> {
  const encoded = encodeURIComponent(secret);
  const spelt = [
    secret,
    encoded,
    encoded.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    encodeURI(secret),
    // encodeURIComponent leaves these five alone, other programs don't
    encoded.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
    encoded.replaceAll('%20', '+'),
    JSON.stringify(secret).slice(1, -1),
  ];
  // The last is how a shell's single quotes hold one.
  return new Set(spelt.flatMap((text) => [text, text.replaceAll("'", "'\\''")]));
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
