import {
  NotFoundError,
  formatMoney,
  newIdempotencyKey,
  type BillingCycle,
  type ChangePreview,
  type ChangeRequest,
  type PaydeskError,
  type Subscription,
} from '@paydesk/client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';

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
 * shown: the preview's instant goes with it, and a promotion code that was looked at.
 */
export function PlanChangeDialog(props: PlanChangeDialogProps) {
  const { client, words } = usePaydesk();
  const say = words.change;
  const queries = useQueryClient();
  const toast = useToast();
  const redirect = useRedirect();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const change = {
    planId: props.planKey,
    billingCycle: props.billingCycle,
    ...(props.quantity !== undefined && { quantity: props.quantity }),
  };
  const promotion = usePromotion(props.subscription.id, change);
  // With another code it is another request.
  const idempotencyKey = useMemo(() => newIdempotencyKey(), [promotion.preview]);
  const { data, error, isPending, refetch } = useQuery<{ preview: ChangePreview }, PaydeskError>({
    queryKey: [...keys.all, 'preview', props.subscription.id, change],
    queryFn: ({ signal }) => client.previewChange(props.subscription.id, change, { signal }),
    gcTime: 0,
    staleTime: Infinity,
  });
  const preview = promotion.preview ?? data?.preview;

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
    // Nobody pays a price that they have not seen: a code that was only typed is looked at first.
    if (promotion.code.trim() !== '' && !promotion.preview) return promotion.look();
    setBusy(true);
    setFailure(null);
    try {
      const result = await client.changeSubscription(
        props.subscription.id,
        {
          ...change,
          ...(preview.proration_date && { prorationDate: preview.proration_date }),
          ...(promotion.preview && { promotionCode: promotion.code.trim() }),
        },
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
      busy={busy || isPending || promotion.busy}
      onlyBack={!isPending && !preview}
      error={failure}
      onConfirm={() => void confirm()}
      onClose={props.onClose}
    >
      {isPending ? (
        <Skeleton lines={3} label={say.loading} />
      ) : preview ? (
        <>
          <Preview preview={preview} paypal={paypal} />
          {!paypal && <CodeOfChange promotion={promotion} disabled={busy} />}
        </>
      ) : (
        <LoadError what={say.what} error={error} onRetry={() => void refetch()} />
      )}
    </ConfirmDialog>
  );
}

interface PromotionOfChange {
  code: string;
  type: (code: string) => void;
  /** Asks what the change costs with the code. */
  look: () => Promise<void>;
  busy: boolean;
  error: string | null;
  /** With the code in it; null while there is none that counts. */
  preview: ChangePreview | null;
}

function usePromotion(id: string, change: ChangeRequest): PromotionOfChange {
  const { client, words } = usePaydesk();
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [preview, setPreview] = useState<ChangePreview | null>(null);
  async function look() {
    setBusy(true);
    setError(null);
    try {
      const asked = await client.previewChange(id, { ...change, promotionCode: code.trim() });
      setPreview(asked.preview);
    } catch (reason) {
      setError(messageOf(reason, words));
    }
    setBusy(false);
  }
  function type(text: string) {
    setCode(text);
    setError(null);
    setPreview(null);
  }
  return { code, type, look, busy, error, preview };
}

function CodeOfChange({
  promotion,
  disabled,
}: {
  promotion: PromotionOfChange;
  disabled: boolean;
}) {
  const say = usePaydesk().words.promotion;
  const { code, type, look, busy, error, preview } = promotion;
  return (
    <PromotionCodeField
      code={code}
      error={error}
      note={preview ? say.applied : null}
      disabled={disabled || busy}
      onCode={type}
    >
      <Button
        busy={busy}
        disabled={disabled || code.trim() === ''}
        data-testid="promotion-apply"
        onClick={() => void look()}
      >
        {say.apply}
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
