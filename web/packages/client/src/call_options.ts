// What every call can be given.

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface WriteOptions extends CallOptions {
  /** One key per intention. Default: a fresh one, kept over this call's own retries. */
  idempotencyKey?: string | undefined;
}

export function newIdempotencyKey(): string {
  // randomUUID exists on https and on localhost only; getRandomValues exists everywhere.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
