import {
  AlertIcon,
  CheckIcon,
  formatDate,
  planName,
  useCheckoutStatus,
  type CheckoutState,
} from '@paydesk/react';
import { useEffect, type ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';

/** After the checkout. Says that it worked only when the server knows it from the provider. */
export default function Success() {
  const [params] = useSearchParams();
  const status = useCheckoutStatus(params.get('session_id') || null);
  const title = titles[status.state];
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

const titles: Record<CheckoutState['state'], string> = {
  pending: 'Confirming your payment',
  complete: 'Thank you, it is all set',
  error: 'We could not confirm this payment',
};

const errors: Record<Extract<CheckoutState, { state: 'error' }>['reason'], string> = {
  no_session:
    'This address does not say which checkout it belongs to. If you paid just now, your billing page shows it within a minute.',
  not_found:
    'We know no such checkout of yours. If you paid with another account, sign in with that one.',
  expired: 'This checkout has ended, and no payment for it has reached us. You can start again.',
  refused: 'The billing service does not accept this request.',
};

function Details({ status }: { status: CheckoutState }) {
  switch (status.state) {
    case 'pending':
      return (
        <>
          <Text>
            {status.problem
              ? 'The billing service does not answer at the moment. We keep asking, nothing is lost.'
              : status.slow
                ? 'This takes longer than usual. Your bank or the payment provider has not confirmed yet. You may leave this page: your plan starts by itself, and we notify you. Please do not pay again.'
                : 'The payment provider is telling us about it. This takes a few seconds.'}
          </Text>
          {(status.slow || status.problem) && (
            <Actions>
              <Link
                to="/dashboard/billing"
                className="pd-button pd-button-secondary pd-button-normal"
              >
                Go to billing
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
              ? 'Your payment has arrived.'
              : subscription.status === 'trialing'
                ? `Your trial of ${planName(subscription)} has started.`
                : `${planName(subscription)} is active.`}
            {renewal &&
              ` ${subscription?.status === 'trialing' ? 'It runs until' : 'It renews on'} ${formatDate(renewal)}.`}
          </Text>
          <Actions>
            <Link to="/dashboard/billing" className="pd-button pd-button-primary pd-button-normal">
              See your plan
            </Link>
            <Link to="/dashboard" className="pd-button pd-button-secondary pd-button-normal">
              Go to overview
            </Link>
          </Actions>
        </>
      );
    }
    case 'error':
      return (
        <>
          <Text>
            {errors[status.reason]} {status.reason === 'refused' && status.error?.message}
          </Text>
          <Actions>
            <Link to="/dashboard/billing" className="pd-button pd-button-primary pd-button-normal">
              Go to billing
            </Link>
            <Link to="/pricing" className="pd-button pd-button-secondary pd-button-normal">
              See plans
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
