/**
 * Every error that a user can meet, in one table: code → exit code, HTTP status and remedy.
 * Exit codes: 0 ok, 1 a unit gave up, 2 usage, 3 no gateway answers, 69 a binary or a port is missing, 78 bad config.
 */
const table = {
  RELAY_USAGE: { exit: 2, http: 400, hint: 'relay --help shows the commands and their options' },
  RELAY_CONFIG_INVALID: { exit: 78, http: 422, hint: 'relay check points at each line' },
  RELAY_CONFIG_MISSING: { exit: 78, http: 404, hint: 'relay init writes a commented relay.yaml' },
  RELAY_BINARY_MISSING: { exit: 69, http: 503, hint: 'relay install' },
  RELAY_BINARY_UNFIT: { exit: 69, http: 503, hint: 'relay doctor lists what each binary can do' },
  RELAY_DOWNLOAD_FAILED: { exit: 69, http: 503, hint: 'relay install --from <url of a mirror>' },
  RELAY_CHECKSUM: {
    exit: 69,
    http: 503,
    hint: 'remove the file that the message names, or configure the right sum',
  },
  RELAY_PORT_BUSY: {
    exit: 69,
    http: 503,
    hint: 'stop the other program or set another address in relay.yaml',
  },
  RELAY_INSTALL_FAILED: { exit: 69, http: 503, hint: 'relay doctor' },
  RELAY_SOURCE_UNREADABLE: { exit: 1, http: 502, hint: 'relay probe <url|file> shows what answers there' },
  RELAY_UNIT_FAILED: { exit: 1, http: 500, hint: 'relay status shows the cause of each restart' },
  RELAY_SERVER_API: { exit: 1, http: 502, hint: 'relay status' },
  RELAY_GATEWAY_UNREACHABLE: { exit: 3, http: 503, hint: 'start it with relay run, or pass --api' },
  RELAY_REQUEST: { exit: 1, http: 400, hint: 'send application/json, at most 64 kB, or no body' },
  RELAY_FORBIDDEN: { exit: 1, http: 403, hint: 'call it from this machine by the address in api.listen' },
  RELAY_NOT_FOUND: { exit: 1, http: 404, hint: 'GET /v1/status shows what there is' },
  RELAY_API_BUSY: { exit: 1, http: 503, hint: 'close some of them' },
  RELAY_EXISTS: { exit: 1, http: 409, hint: 'choose another name: nothing is overwritten' },
  RELAY_RECORD_FOLDER: {
    exit: 1,
    http: 500,
    hint: 'set right what the message names; recording then goes on',
  },
  RELAY_STATE: { exit: 1, http: 500, hint: 'this is a defect of Relay Gateway: please report it' },
} as const satisfies Record<string, { exit: number; http: number; hint: string }>;

export type ErrorCode = keyof typeof table;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(table, value);
}

/** An error with a code of the table. `message` says what happened, `hint` the one thing that helps. */
export class RelayError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  override readonly name = 'RelayError';

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? table[code].hint;
  }

  /** Process exit code of a command that ends with this error. */
  get exitCode(): number {
    return table[this.code].exit;
  }

  /** HTTP status of an API call that ends with this error. */
  get status(): number {
    return table[this.code].http;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
