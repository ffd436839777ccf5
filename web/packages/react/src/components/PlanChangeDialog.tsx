import {
  NotFoundError,
  formatMoney,
  newIdempotencyKey,
  type BillingCycle,
  type ChangePreview,
  type PaydeskError,
  type Subscription,
} from '@paydesk/client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { usePaydesk } from '../context';
import { formatDate, safeHref } from '../format';
import { useRedirect } from '../hooks/useRedirect';
import { account_keys, keys } from '../query';
import { Button, LoadError, Skeleton, messageOf } from '../ui/basics';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { useToast } from '../ui/Toasts';
import { PromotionCodeField } from './PromotionCodeField';

export interface PlanChangeDialogProps {
  subscription: Subscription;
  planKey: string;
  planName: string;
  billingCycle: BillingCycle;
  quantity?: number;
  /** The server cannot show or make the change: offer another way, like the provider's portal. */
  onUnavailable?: () => void;
  onClose: () => void;
}

/**
 * What a change costs, line by line, before it happens; open while it is rendered. What is confirmed is what was
 * shown: the preview's instant goes with it.
 */
export function PlanChangeDialog(props: PlanChangeDialogProps) {
  const { client, words } = usePaydesk();
  const say = words.change;
  const queries = useQueryClient();
  const toast = useToast();
  const redirect = useRedirect();
  const [idempotencyKey] = useState(newIdempotencyKey);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const change = {
    planId: props.planKey,
    billingCycle: props.billingCycle,
    ...(props.quantity !== undefined && { quantity: props.quantity }),
  };
  const { data, error, isPending, refetch } = useQuery<{ preview: ChangePreview }, PaydeskError>({
    queryKey: [...keys.all, 'preview', props.subscription.id, change],
    queryFn: ({ signal }) => client.previewChange(props.subscription.id, change, { signal }),
    gcTime: 0,
    staleTime: Infinity,
  });
  const preview = data?.preview;

  const paypal = props.subscription.provider === 'paypal';
  const unavailable = error instanceof NotFoundError;
  const { onUnavailable } = props;
  const told = useRef(false);
  useEffect(() => {
    if (!unavailable || told.current) return;
    told.current = true;
    onUnavailable?.();
  }, [unavailable, onUnavailable]);

  async function confirm() {
    if (!preview) return;
    setBusy(true);
    setFailure(null);
    try {
      const result = await client.changeSubscription(
        props.subscription.id,
        { ...change, ...(preview.proration_date && { prorationDate: preview.proration_date }) },
        { idempotencyKey },
      );
      for (const queryKey of account_keys) void queries.invalidateQueries({ queryKey });
      if (result.state === 'requires_action' && safeHref(result.hosted_invoice_url)) {
        redirect.leave(result.hosted_invoice_url!);
        return;
      }
      toast({ tone: 'success', title: say.done[result.state] });
      props.onClose();
    } catch (reason) {
      setFailure(messageOf(reason, words));
      setBusy(false);
    }
  }

  return (
    <ConfirmDialog
      title={say.title(props.planName)}
      confirmLabel={preview?.when === 'period_end' ? say.schedule : say.confirm}
      cancelLabel={words.common.back}
      confirmTestId="confirm-change"
      busy={busy || isPending}
      error={failure}
      onConfirm={() => void confirm()}
      onClose={props.onClose}
    >
      {isPending ? (
        <Skeleton lines={3} label={say.loading} />
      ) : preview ? (
        <>
          <Preview preview={preview} paypal={paypal} />
          {!paypal && (
            <CodeOfSubscription
              id={props.subscription.id}
              disabled={busy}
              onApplied={() => refetch()}
            />
          )}
        </>
      ) : (
        <LoadError what={say.what} error={error} onRetry={() => void refetch()} />
      )}
    </ConfirmDialog>
  );
}

/** A code counts for the whole subscription: it is sent by itself, and the price is asked for again. */
function CodeOfSubscription(props: {
  id: string;
  disabled: boolean;
  onApplied: () => Promise<unknown>;
}) {
  const { client, words } = usePaydesk();
  const [code, setCode] = useState('');
  const [state, setState] = useState<'typing' | 'busy' | 'applied'>('typing');
  const [error, setError] = useState<string | null>(null);
  async function apply() {
    setState('busy');
    setError(null);
    try {
      await client.applyPromotionCode(props.id, code.trim());
      await props.onApplied();
      setState('applied');
    } catch (reason) {
      setError(messageOf(reason, words));
      setState('typing');
    }
  }
  return (
    <PromotionCodeField
      code={code}
      error={error}
      note={state === 'applied' ? words.promotion.applied : null}
      disabled={props.disabled || state === 'busy'}
      onCode={(text) => {
        setCode(text);
        setError(null);
        setState('typing');
      }}
    >
      <Button
        busy={state === 'busy'}
        disabled={props.disabled || code.trim() === ''}
        data-testid="promotion-apply"
        onClick={() => void apply()}
      >
        {words.promotion.apply}
      </Button>
    </PromotionCodeField>
  );
}

function Preview({ preview, paypal }: { preview: ChangePreview; paypal: boolean }) {
  const { locale, words } = usePaydesk();
  const say = words.change;
  const money = (amount: number) => formatMoney(amount, preview.currency, { locale });
  return (
    <div data-testid="change-preview" data-when={preview.when}>
      <p>
        {paypal
          ? say.paypal
          : preview.when === 'now'
            ? say.now
            : say.later(formatDate(preview.effective_at, locale))}
      </p>
      {preview.when === 'now' && !paypal && (
        <table className="pd-table">
          <tbody>
            {preview.lines.map((line, i) => (
              <tr key={i}>
                <td>{line.description}</td>
                <td className="pd-amount">{money(line.amount)}</td>
              </tr>
            ))}
            {preview.discount !== 0 && (
              <tr>
                <td>{say.discount}</td>
                <td className="pd-amount">{money(-Math.abs(preview.discount))}</td>
              </tr>
            )}
            {preview.tax !== 0 && (
              <tr>
                <td>{say.tax}</td>
                <td className="pd-amount">{money(preview.tax)}</td>
              </tr>
            )}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{say.due}</th>
              <td className="pd-amount">{money(preview.amount_due)}</td>
            </tr>
          </tfoot>
        </table>
      )}
      <p>{say.then(money(preview.renewal_amount), formatDate(preview.renews_at, locale))}</p>
    </div>
  );
}
