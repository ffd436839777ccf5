// What a call can fail with. The server answers errors as RFC 9457 problem+json with a stable
// `code`; each becomes one exception type, so that callers switch on types and codes, never on text.

/** The body of an error answer, as the server writes it (`application/problem+json`). */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  instance?: string;
  request_id?: string;
  [extension: string]: unknown;
}

export interface PaydeskErrorInit {
  message: string;
  code: string;
  status?: number;
  problem?: Problem;
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** Every failure of the client is one of these. `message` is for people, `code` for programs. */
export class PaydeskError extends Error {
  readonly code: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly problem: Problem;
  /** How long the server asked us to wait, when it did. */
  readonly retryAfterSeconds: number | undefined;

  constructor(init: PaydeskErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = new.target.name;
    this.code = init.code;
    this.status = init.status ?? 0;
    this.problem = init.problem ?? {};
    this.retryAfterSeconds = init.retryAfterSeconds;
  }

  get requestId(): string | undefined {
    const id = this.problem.request_id;
    return typeof id === 'string' ? id : undefined;
  }

  /** True when the same call may well succeed later without anyone changing anything. */
  get transient(): boolean {
    return false;
  }
}

/** No answer at all: offline, refused, reset. */
export class NetworkError extends PaydeskError {
  override get transient() {
    return true;
  }
}
/** No answer within the client's time limit. */
export class TimeoutError extends PaydeskError {
  override get transient() {
    return true;
  }
}
/** 401: no token, or one that the server does not accept (any more). */
export class UnauthorizedError extends PaydeskError {}
/** 403 */
export class ForbiddenError extends PaydeskError {}
/** 404 */
export class NotFoundError extends PaydeskError {}
/** 409: the state of things forbids it (for example: there is a live subscription already). */
export class ConflictError extends PaydeskError {}
/** 402: the provider declined, or not enough credits. */
export class PaymentRequiredError extends PaydeskError {}
/** 400, 413, 415, 422: the request is wrong; sending it again will not help. */
export class InvalidRequestError extends PaydeskError {}
/** 429 */
export class RateLimitedError extends PaydeskError {
  override get transient() {
    return true;
  }
}
/** 5xx */
export class ServerError extends PaydeskError {
  override get transient() {
    return true;
  }
}
/** 2xx whose body is not what the contract promises. */
export class UnexpectedAnswerError extends PaydeskError {}

type ErrorType = new (init: PaydeskErrorInit) => PaydeskError;

const typesByStatus: Record<number, ErrorType> = {
  400: InvalidRequestError,
  401: UnauthorizedError,
  402: PaymentRequiredError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  422: InvalidRequestError,
  429: RateLimitedError,
};

const fallbackMessages: Record<number, string> = {
  401: 'You are signed out. Please sign in again.',
  403: 'You may not do this.',
  404: 'This does not exist, or it is not yours.',
  429: 'Too many requests. Please wait a moment.',
};

const problem_characters_max = 2000;

/** `Retry-After` in seconds: a number, or an HTTP date. Undefined when absent or not understood. */
export function retryAfterSeconds(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== ''
    ? value.slice(0, problem_characters_max)
    : undefined;
}

/** The exception for an answer with an error status. `body` may be anything, also a proxy's HTML. */
export function errorOfAnswer(response: Response, body: unknown, now = Date.now()): PaydeskError {
  const problem: Problem = typeof body === 'object' && body !== null ? (body as Problem) : {};
  const status = response.status;
  const type = typesByStatus[status] ?? (status >= 500 ? ServerError : PaydeskError);
  const message =
    text(problem.detail) ??
    text(problem.title) ??
    fallbackMessages[status] ??
    (status >= 500
      ? 'The billing service has a problem. Please try again in a moment.'
      : `The billing service refused this (status ${status}).`);
  const wait = retryAfterSeconds(response.headers, now);
  return new type({
    message,
    code: text(problem.code) ?? `http_${status}`,
    status,
    problem,
    ...(wait === undefined ? {} : { retryAfterSeconds: wait }),
  });
}
