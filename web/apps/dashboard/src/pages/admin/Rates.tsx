import type { NewExchangeRate } from '@paydesk/client';
import {
  Button,
  Card,
  EmptyState,
  LoadError,
  Skeleton,
  formatDay,
  keys,
  useApiQuery,
  usePaydesk,
} from '@paydesk/react';
import { useState, type FormEvent } from 'react';

import { Confirmed } from '../../admin/Confirmed';
import { Field } from '../../admin/fields';
import { useReadAgain } from '../../admin/List';
import { useSay } from '../../language';

export default function Rates() {
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <RateForm />
      <RateList />
    </div>
  );
}

const empty: NewExchangeRate = { base: 'usd', quote: '', rate: '', asOf: '', source: '' };

function RateForm() {
  const { client } = usePaydesk();
  const say = useSay().admin.rate;
  const readAgain = useReadAgain();
  const [rate, setRate] = useState(empty);
  const [asking, setAsking] = useState<NewExchangeRate | null>(null);
  const set = (name: keyof NewExchangeRate) => (text: string) =>
    setRate((now) => ({ ...now, [name]: text }));
  function submit(event: FormEvent) {
    event.preventDefault();
    const { base, quote } = rate;
    setAsking({ ...rate, base: base.trim().toLowerCase(), quote: quote.trim().toLowerCase() });
  }
  const code = { required: true, maxLength: 3, pattern: '[A-Za-z]{3}' };
  return (
    <Card title={say.title}>
      <form className="grid gap-4" onSubmit={submit}>
        <p className="pd-muted">{say.lead}</p>
        <div className="grid grid-cols-2 gap-4">
          <Field label={say.base} {...code} value={rate.base} onText={set('base')} />
          <Field label={say.quote} {...code} value={rate.quote} onText={set('quote')} />
        </div>
        <Field
          label={say.rate}
          required
          inputMode="decimal"
          pattern="\d{1,12}(\.\d{1,8})?"
          placeholder="83.125"
          value={rate.rate}
          onText={set('rate')}
        />
        <Field label={say.asOf} required type="date" value={rate.asOf} onText={set('asOf')} />
        <Field
          label={say.source}
          required
          maxLength={100}
          value={rate.source}
          onText={set('source')}
        />
        <Button type="submit" variant="primary" data-testid="rate-submit">
          {say.submit}
        </Button>
      </form>
      {asking && (
        <Confirmed
          title={say.confirmTitle}
          confirmLabel={say.submit}
          done={say.done}
          run={(idempotencyKey) => client.admin.saveExchangeRate(asking, { idempotencyKey })}
          onDone={() => {
            setAsking(null);
            setRate(empty);
            readAgain();
          }}
          onClose={() => setAsking(null)}
        >
          <p>
            {say.confirmText(
              `1 ${asking.base.toUpperCase()} = ${asking.rate} ${asking.quote.toUpperCase()}`,
            )}
          </p>
        </Confirmed>
      )}
    </Card>
  );
}

function RateList() {
  const { client, locale } = usePaydesk();
  const say = useSay().admin.rate;
  const list = useApiQuery([...keys.all, 'admin', 'rates'], (options) =>
    client.getExchangeRates({}, options),
  );
  const rates = list.data?.rates ?? [];
  return (
    <Card title={say.list} busy={list.loading}>
      {list.loading ? (
        <Skeleton lines={3} />
      ) : list.error && rates.length === 0 ? (
        <LoadError what={say.what} error={list.error} onRetry={list.refetch} />
      ) : rates.length === 0 ? (
        <EmptyState title={say.emptyTitle}>{say.emptyText}</EmptyState>
      ) : (
        <ul className="pd-rows">
          {rates.map((rate) => (
            <li key={`${rate.base}/${rate.quote}`} className="pd-row" data-testid="admin-rate">
              <div className="pd-row-main">
                <p className="pd-row-title">
                  1 {rate.base.toUpperCase()} = {rate.rate} {rate.quote.toUpperCase()}
                </p>
                <p className="pd-row-text">{rate.source}</p>
              </div>
              <div className="pd-row-side">
                <span className="pd-row-text">{formatDay(rate.as_of, locale)}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
