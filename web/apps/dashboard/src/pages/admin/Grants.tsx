import type { GrantCreditsRequest } from '@paydesk/client';
import { Button, Card, formatCount, usePaydesk } from '@paydesk/react';
import { useState, type FormEvent } from 'react';
import { useSearchParams } from 'react-router';

import { Confirmed } from '../../admin/Confirmed';
import { Field } from '../../admin/fields';
import { useSay } from '../../language';

export default function Grants() {
  const { client, locale } = usePaydesk();
  const say = useSay().admin.grant;
  const [params] = useSearchParams();
  const [account, setAccount] = useState(params.get('account') ?? '');
  const [amount, setAmount] = useState('');
  const [expires, setExpires] = useState('');
  const [reason, setReason] = useState('');
  const [wrong, setWrong] = useState(false);
  const [asking, setAsking] = useState<GrantCreditsRequest | null>(null);

  function submit(event: FormEvent) {
    event.preventDefault();
    const ok = /^[1-9]\d{0,14}$/.test(amount.trim());
    setWrong(!ok);
    if (!ok) return;
    setAsking({
      accountId: account.trim(),
      amount: Number(amount),
      reason: reason.trim(),
      // The whole day, in the reader's own time.
      ...(expires !== '' && { expiresAt: new Date(`${expires}T23:59:59`).toISOString() }),
    });
  }
  return (
    <div className="max-w-xl">
      <Card title={say.title}>
        <form className="grid gap-4" onSubmit={submit}>
          <Field
            label={say.account}
            help={say.accountHelp}
            required
            value={account}
            onText={setAccount}
          />
          <Field
            label={say.amount}
            error={wrong ? say.amountWrong : null}
            required
            inputMode="numeric"
            value={amount}
            onText={setAmount}
          />
          <Field
            label={say.expires}
            help={say.expiresHelp}
            type="date"
            value={expires}
            onText={setExpires}
          />
          <Field
            label={say.reason}
            help={say.reasonHelp}
            required
            maxLength={500}
            value={reason}
            onText={setReason}
          />
          <Button type="submit" variant="primary" data-testid="grant-submit">
            {say.submit}
          </Button>
        </form>
        {asking && (
          <Confirmed
            title={say.confirmTitle(formatCount(asking.amount, locale))}
            confirmLabel={say.submit}
            done={say.done}
            run={(idempotencyKey) => client.admin.grantCredits(asking, { idempotencyKey })}
            onDone={() => {
              setAsking(null);
              setAmount('');
              setReason('');
            }}
            onClose={() => setAsking(null)}
          >
            <p>{say.confirmText(asking.accountId)}</p>
          </Confirmed>
        )}
      </Card>
    </div>
  );
}
