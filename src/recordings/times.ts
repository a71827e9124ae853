/** Moments as people type and read them. Unix seconds within. */
import { RelayError } from '../errors.ts';

const unitsOf: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
const DAY = /^\d{4}-\d\d-\d\d$/;
/** Without a zone: of the clock on the wall here. */
const DATE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?$/i;

/**
 * "now", "-10m", "1795284542.884" or "2026-11-21T18:09:02Z" → Unix seconds.
 * @throws RelayError RELAY_USAGE
 */
export function readMoment(option: string, text: string, now: number): number {
  const typed = text.trim();
  if (typed === 'now') return now;
  if (/^\d{1,12}(\.\d{1,6})?$/.test(typed)) return Number(typed);
  const [, amount, unit = ''] = /^-(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(typed) ?? [];
  if (amount !== undefined) return now - Number(amount) * unitsOf[unit]!;
  const date = DAY.test(typed) ? `${typed}T00:00` : DATE.test(typed) ? typed.replace(' ', 'T') : '';
  const time = Date.parse(date.replace(',', '.'));
  if (Number.isNaN(time)) {
    throw new RelayError('RELAY_USAGE', `--${option}: ${JSON.stringify(text)} is no time`, {
      hint: 'now, -10m (ago), 2026-11-21T18:09:02Z, 2026-11-21 18:09 (local) or Unix seconds',
    });
  }
  return time / 1000;
}

/** Both ends of a span that was typed. */
export function readSpan(
  typed: { from?: string | undefined; to?: string | undefined },
  now: number,
): { from?: number; to?: number } {
  const from = typed.from === undefined ? undefined : readMoment('from', typed.from, now);
  const to = typed.to === undefined ? undefined : readMoment('to', typed.to, now);
  if (from !== undefined && to !== undefined && to <= from) {
    throw new RelayError('RELAY_USAGE', `--to (${utc(to)}) must be after --from (${utc(from)})`, {
      hint: 'a time without a zone is of this machine’s clock; Z behind it means UTC',
    });
  }
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

/** "2026-11-21T18:09:02.884Z". Cut, not rounded, as in names: what is at that moment is not before what is shown. */
export function utc(seconds: number): string {
  return new Date(milliseconds(seconds)).toISOString();
}

/** "2026-11-21 19:09:02 +01:00", by this machine's zone at that time. */
export function local(seconds: number): string {
  const date = new Date(milliseconds(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const behind = date.getTimezoneOffset();
  const zone = `${behind > 0 ? '-' : '+'}${two(Math.floor(Math.abs(behind) / 60))}:${two(Math.abs(behind) % 60)}`;
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')} ${zone}`;
}

/** "0.040 s", "12.3 s", "5m12s", "26.4 h" */
export function length(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(3)} s`;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7200) {
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  }
  return `${(seconds / 3600).toFixed(1)} h`;
}

function milliseconds(seconds: number): number {
  return Math.floor(seconds * 1000 + 0.001);
}
