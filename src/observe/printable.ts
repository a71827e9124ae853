/**
 * Text of other programs, fit for a terminal: they repeat what cameras and servers sent them, and an
 * escape sequence in it could clear the screen or worse.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, ' ');
}
