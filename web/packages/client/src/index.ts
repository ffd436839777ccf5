export {
  type CreateRefundRequest,
  type Dispute,
  type Email,
  type EmailStatus,
  type Explanation,
  type GrantCreditsRequest,
  type NewExchangeRate,
  type OperatorNotification,
  type Reconciliation,
  type Refund,
  type SendEmailRequest,
} from './admin_calls';
export { newIdempotencyKey, type CallOptions, type WriteOptions } from './call_options';
export * from './client';
export type {
  Customer,
  CustomerSummary,
  Job,
  JobState,
  Revenue,
  RevenueMonth,
  UsageByDay,
  WebhookEvent,
  WebhookEventStatus,
} from './console_calls';
export * from './errors';
export { convertMoney, formatInr, formatUsd, usdToInr, type ExchangeRate } from './exchange';
export {
  openEventStream,
  type EventStream,
  type EventStreamOptions,
  type StreamState,
} from './event_stream';
export { formatMoney, fromDecimal, minorDigits, toDecimal, type FormatMoneyOptions } from './money';
export type { PayPalOrder, PayPalSubscription } from './paypal_calls';
export { default_retry_policy, type RetryPolicy } from './resilient_fetch';
export { SseParser, type ServerSentEvent } from './sse_parser';
export type * from './subscription_calls';
export { supabaseToken, type SupabaseLike } from './supabase';
export {
  UsageReporter,
  uuidV7,
  type UsageEvent,
  type UsageEventResult,
  type UsageReporterOptions,
} from './usage';
