/** What must never be printed, and the one way to take it out of a text. */

/**
 * Whether a value is hidden wherever it appears. Shorter than four characters, numbers of fewer than
 * five digits and switches are left alone: hiding them would blacken half of every log line
 * (ports, frame rates, "true") and they protect nothing.
 */
function isSecret(value: string): boolean {
  return value.length >= 4 && !/^\d{1,4}$/.test(value) && value !== 'true' && value !== 'false';
}

/** Adds a value as it stands and as it looks inside a URL and inside JSON. */
export function addSecret(secrets: Set<string>, value: string): void {
  if (!isSecret(value)) return;
  secrets.add(value);
  secrets.add(encodeURIComponent(value));
  secrets.add(JSON.stringify(value).slice(1, -1));
}

/** Adds the password of a URL, as written and decoded, and the passphrase of SRT. */
export function addUrlSecrets(secrets: Set<string>, url: string): void {
  if (!URL.canParse(url)) return;
  const parsed = new URL(url);
  const written = /^[a-z]+:\/\/[^:/?#]*:([^/?#]*)@/.exec(url)?.[1] ?? '';
  for (const password of [written, parsed.password, parsed.searchParams.get('passphrase') ?? '']) {
    if (isSecret(password)) secrets.add(password);
    addSecret(secrets, decoded(password));
  }
}

/** Adds the key of an RTMP remote: the last part of its path. Six characters and more: `rtmp://host/live/cam1` is no secret. */
export function addStreamKey(secrets: Set<string>, url: string): void {
  const key = /^rtmps?:\/\/[^/]+\/[^?#]+\/([^/?#]{6,})/.exec(url)?.[1];
  if (key !== undefined) addSecret(secrets, key);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone % is legal in a URL's password and stands for itself.
    return text;
  }
}

/** The text without secrets: by value (the longest first, so that no part of one stays) and by the shape of URLs. */
export function redact(text: string, secrets: Iterable<string>): string {
  let clean = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(secret, '***');
  return clean.replace(/([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'/@]*(?:@[^\s"'/@]*)*@/gi, '$1***@');
}
