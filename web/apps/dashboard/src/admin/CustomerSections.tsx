// The lists of a customer's page: what they pay, and what is on record of them.

import { formatMoney, type Customer } from '@paydesk/client';
import {
  cardBrandName,
  formatChange,
  formatCount,
  formatDate,
  formatDateTime,
  formatExpiry,
  formatPeriod,
  formatRecurring,
  usePaydesk,
} from '@paydesk/react';
import { Link } from 'react-router';

import { useSay } from '../language';
import { formatDecimal } from './decimal';
import { Id } from './Id';
import { FactRow, Section } from './Section';
import { eventTones, toneOf } from './tones';

const link = 'text-link hover:underline';

function useFormats() {
  const { locale, words } = usePaydesk();
  const say = useSay();
  return {
    words,
    locale,
    say: say.console.customer,
    all: say,
    day: (instant: string) => formatDate(instant, locale),
    time: (instant: string) => formatDateTime(instant, locale),
    money: (amount: number, currency: string) => formatMoney(amount, currency, { locale }),
    provider: (name: string) => say.console.provider[name] ?? name,
    explain: (kind: 'invoice' | 'subscription', id: string) => (
      <Link to={`/admin/explain?kind=${kind}&id=${encodeURIComponent(id)}`} className={link}>
        {say.console.customer.explain}
      </Link>
    ),
  };
}

export function MoneySections({ customer }: { customer: Customer }) {
  const { words, locale, say, all, day, money, provider, explain } = useFormats();
  const named = <T extends string>(of: Record<T, string>, key: T) => of[key] ?? key;
  return (
    <div className="grid grid-cols-1 gap-5">
      <Section title={say.sections.subscriptions} rows={customer.subscriptions}>
        {(s) => (
          <FactRow
            key={s.id}
            title={`${s.plan_name ?? s.plan_key ?? s.provider_subscription_id} · ${provider(s.provider)}`}
            lines={[
              [
                formatRecurring(
                  s.unit_amount,
                  s.currency,
                  s.billing_cycle as 'monthly' | 'yearly' | null,
                  s.quantity,
                  locale,
                  words,
                ),
                s.ended_at === null && s.cancel_at !== null && say.cancels(day(s.cancel_at)),
                formatPeriod(s.current_period_start, s.current_period_end, locale),
              ]
                .filter(Boolean)
                .join(' · '),
              <Id key="id" value={s.provider_subscription_id} />,
            ]}
            badge={[toneOf(s.status), named(words.plan.status, s.status)]}
            action={explain('subscription', s.provider_subscription_id)}
          />
        )}
      </Section>
      <Section title={say.sections.invoices} rows={customer.invoices}>
        {(i) => (
          <FactRow
            key={i.id}
            title={i.number ?? i.billing_reason ?? words.invoices.invoice}
            lines={[
              day(i.created_at),
              i.status === 'open' &&
                i.amount_remaining > 0 &&
                say.left(money(i.amount_remaining, i.currency)),
              <Id key="id" value={i.provider_invoice_id} />,
            ]}
            amount={money(i.total, i.currency)}
            badge={[toneOf(i.status), named(words.invoices.status, i.status)]}
            action={explain('invoice', i.provider_invoice_id)}
          />
        )}
      </Section>
      <Section title={say.sections.payments} rows={customer.payments}>
        {(p) => (
          <FactRow
            key={p.id}
            title={p.description ?? words.payments.payment}
            lines={[
              `${day(p.created_at)} · ${provider(p.provider)}`,
              p.amount_refunded > 0 && say.refunded(money(p.amount_refunded, p.currency)),
              <Id key="id" value={p.id} />,
            ]}
            error={p.status === 'failed' ? p.failure_message : null}
            amount={money(p.amount, p.currency)}
            badge={[toneOf(p.status), named(words.payments.status, p.status)]}
            action={
              (p.status === 'succeeded' || p.status === 'partially_refunded') && (
                <Link
                  to={`/admin/refunds?payment=${p.id}&currency=${p.currency}`}
                  className={link}
                  data-testid="customer-refund"
                >
                  {say.refund}
                </Link>
              )
            }
          />
        )}
      </Section>
      <Section title={say.sections.refunds} rows={customer.refunds}>
        {(r) => (
          <FactRow
            key={r.id}
            title={r.note ?? r.reason?.replaceAll('_', ' ') ?? all.console.nobody}
            lines={[`${day(r.created_at)} · ${all.admin.refund.by(r.actor.split(':')[0]!)}`]}
            error={r.failure_reason}
            amount={money(r.amount, r.currency)}
            badge={[toneOf(r.status), all.admin.status[r.status] ?? r.status]}
          />
        )}
      </Section>
      <Section title={say.sections.payment_methods} rows={customer.payment_methods}>
        {(m) => (
          <FactRow
            key={m.id}
            title={
              m.type === 'card'
                ? `${cardBrandName(m.card_brand, words)} •••• ${m.card_last4 ?? ''}`
                : provider(m.type)
            }
            lines={[formatExpiry(m.card_exp_month, m.card_exp_year), provider(m.provider)]}
            badge={
              m.detached_at
                ? ['neutral', say.removed]
                : m.is_default
                  ? ['neutral', say.isDefault]
                  : null
            }
          />
        )}
      </Section>
      <Section title={say.sections.providers} rows={customer.providers}>
        {(c) => (
          <FactRow
            key={c.provider}
            title={provider(c.provider)}
            lines={[
              [c.name, c.email].filter(Boolean).join(' · '),
              c.provider_customer_id && <Id key="id" value={c.provider_customer_id} />,
            ]}
            badge={c.deleted_at ? ['danger', say.deleted] : null}
          />
        )}
      </Section>
      {(customer.kind === 'team' || customer.members.length > 0) && (
        <Section title={say.sections.members} rows={customer.members}>
          {(m) => (
            <FactRow
              key={m.id}
              title={m.invited_email ?? m.user_id ?? m.id}
              lines={[day(m.joined_at ?? m.created_at)]}
              badge={m.user_id === null ? ['info', say.invited] : ['neutral', m.role]}
            />
          )}
        </Section>
      )}
    </div>
  );
}

export function RecordSections({ customer }: { customer: Customer }) {
  const { words, locale, say, all, time } = useFormats();
  return (
    <div className="grid grid-cols-1 gap-5">
      <Section title={say.sections.credit_entries} rows={customer.credit_entries}>
        {(e) => (
          <FactRow
            key={e.number}
            title={e.description}
            lines={[
              `${words.credits.entry[e.kind] ?? e.kind} · ${time(e.created_at)} · ${say.balance(formatCount(e.balance, locale))}`,
            ]}
            amount={formatChange(e.amount, locale)}
          />
        )}
      </Section>
      <Section title={say.sections.usage} rows={customer.usage}>
        {(u) => (
          <FactRow
            key={`${u.metric} ${u.period_start}`}
            title={u.name}
            lines={[
              `${formatPeriod(u.period_start, u.period_end, locale)} · ${say.usedBy(formatCount(u.events, locale))}`,
            ]}
            amount={`${formatDecimal(u.quantity, locale)} ${u.unit}`.trim()}
          />
        )}
      </Section>
      <Section title={say.sections.webhook_events} rows={customer.webhook_events}>
        {(e) => (
          <FactRow
            key={e.id}
            title={
              <Link to={`/admin/webhooks/${encodeURIComponent(e.id)}`} className={link}>
                {e.type}
              </Link>
            }
            lines={[time(e.received_at)]}
            error={e.status === 'processed' ? null : e.error}
            badge={[eventTones[e.status], all.console.webhooks.statuses[e.status] ?? e.status]}
          />
        )}
      </Section>
      <Section title={say.sections.notifications} rows={customer.notifications}>
        {(n) => (
          <FactRow
            key={n.id}
            title={n.title}
            lines={[n.message, time(n.created_at)]}
            badge={n.read ? null : ['info', say.unread]}
          />
        )}
      </Section>
      <Section title={say.sections.emails} rows={customer.emails}>
        {(e) => (
          <FactRow
            key={e.id}
            title={e.kind.replaceAll('_', ' ')}
            lines={[`${e.recipient ?? all.admin.email.noRecipient} · ${time(e.created_at)}`]}
            error={e.error}
            badge={[toneOf(e.status), all.admin.status[e.status] ?? e.status]}
          />
        )}
      </Section>
      <Section title={say.sections.audit_log} rows={customer.audit_log}>
        {(entry) => (
          <FactRow
            key={entry.id}
            title={entry.action}
            lines={[
              `${entry.actor} · ${time(entry.created_at)}`,
              <code key="details" className="text-xs">
                {JSON.stringify(entry.details)}
              </code>,
            ]}
          />
        )}
      </Section>
    </div>
  );
}
