export * from './client';
export * from './errors';
export { convertMoney, formatInr, formatUsd, usdToInr, type ExchangeRate } from './exchange';
export {
  openEventStream,
  type EventStream,
  type EventStreamOptions,
  type StreamState,
} from './event_stream';
export { formatMoney, minorDigits, toDecimal, type FormatMoneyOptions } from './money';
export { default_retry_policy, type RetryPolicy } from './resilient_fetch';
export { SseParser, type ServerSentEvent } from './sse_parser';
export {
  UsageReporter,
  uuidV7,
  type UsageEvent,
  type UsageEventResult,
  type UsageReporterOptions,
} from './usage';
