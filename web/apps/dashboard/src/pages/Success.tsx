import {
  AlertIcon,
  CheckIcon,
  formatDate,
  planName,
  useCheckoutStatus,
  usePaydesk,
  type CheckoutState,
} from '@paydesk/react';
import { useEffect, type ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';

import { useSay } from '../language';

/** After the checkout. Says that it worked only when the server knows it from the provider. */
export default function Success() {
  const [params] = useSearchParams();
  // PayPal adds its order as `token`; a subscription's token is an agreement's, and nothing is to be captured.
  const token = params.get('token') || null;
  const order = params.has('subscription_id') || params.has('ba_token') ? null : token;
  const status = useCheckoutStatus(params.get('session_id') || order, order);
  const title = useSay().success.title[status.state];
  useEffect(() => {
    document.title = `${title} · Paydesk`;
  }, [title]);
  return (
    <div className="mx-auto grid max-w-[520px] content-center px-4 py-12 sm:py-20">
      <section
        className="pd-card text-center"
        data-testid="success-state"
        data-state={status.state}
        aria-live="polite"
      >
        <div className="grid justify-items-center gap-2 px-1 py-4 sm:px-6">
          <StateMark state={status.state} />
          <h1 className="mt-4 text-2xl font-semibold tracking-[-0.02em] text-balance">{title}</h1>
          <Details status={status} />
        </div>
      </section>
    </div>
  );
}

function Details({ status }: { status: CheckoutState }) {
  const { locale, words } = usePaydesk();
  const say = useSay().success;
  switch (status.state) {
    case 'pending':
      return (
        <>
          <Text>{status.problem ? say.noAnswer : status.slow ? say.slow : say.soon}</Text>
          {(status.slow || status.problem) && (
            <Actions>
              <Link
                to="/dashboard/billing"
                className="pd-button pd-button-secondary pd-button-normal"
              >
                {say.goBilling}
              </Link>
            </Actions>
          )}
        </>
      );
    case 'complete': {
      const { subscription, mode } = status.checkout;
      const renewal =
        subscription?.status === 'trialing'
          ? subscription.trial_end
          : subscription?.current_period_end;
      return (
        <>
          <Text>
            {mode === 'payment' || !subscription
              ? say.arrived
              : subscription.status === 'trialing'
                ? say.trialStarted(planName(subscription, words))
                : say.active(planName(subscription, words))}
            {renewal &&
              ` ${
                subscription?.status === 'trialing'
                  ? say.runsUntil(formatDate(renewal, locale))
                  : say.renewsOn(formatDate(renewal, locale))
              }`}
          </Text>
          <Actions>
            <Link to="/dashboard/billing" className="pd-button pd-button-primary pd-button-normal">
              {say.seePlan}
            </Link>
            <Link to="/dashboard" className="pd-button pd-button-secondary pd-button-normal">
              {say.goOverview}
            </Link>
          </Actions>
        </>
      );
    }
    case 'error':
      return (
        <>
          <Text>
            {say.reasons[status.reason]}{' '}
            {(status.reason === 'refused' || status.reason === 'not_paid') && status.error?.message}
          </Text>
          <Actions>
            <Link to="/dashboard/billing" className="pd-button pd-button-primary pd-button-normal">
              {say.goBilling}
            </Link>
            <Link to="/pricing" className="pd-button pd-button-secondary pd-button-normal">
              {say.seePlans}
            </Link>
          </Actions>
        </>
      );
  }
}

function Text({ children }: { children: ReactNode }) {
  return <p className="text-muted text-pretty">{children}</p>;
}

function Actions({ children }: { children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-center gap-2.5">{children}</div>;
}

function StateMark({ state }: { state: CheckoutState['state'] }) {
  if (state === 'pending') {
    return (
      <span
        className="grid size-16 place-items-center rounded-full bg-surface-2 text-link"
        aria-hidden="true"
      >
        <span className="size-8 animate-spin rounded-full border-[3px] border-current border-r-transparent motion-reduce:animate-pulse" />
      </span>
    );
  }
  const ok = state === 'complete';
  return (
    <span
      className={`grid size-16 place-items-center rounded-full ${ok ? 'bg-success-soft text-success' : 'bg-warning-soft text-warning'}`}
    >
      {ok ? <CheckIcon className="size-8" /> : <AlertIcon className="size-8" />}
    </span>
  );
}
