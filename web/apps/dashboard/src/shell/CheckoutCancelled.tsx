import { Button, Notice } from '@paydesk/react';
import { useSearchParams } from 'react-router';

/** For those who came back from the checkout without paying (?canceled=true). */
export function CheckoutCancelled() {
  const [params, setParams] = useSearchParams();
  if (params.get('canceled') !== 'true') return null;
  function dismiss() {
    params.delete('canceled');
    setParams(params, { replace: true });
  }
  return (
    <div className="mb-6" data-testid="checkout-canceled">
      <Notice
        tone="info"
        role="status"
        title="You left the checkout"
        action={
          <Button size="small" onClick={dismiss}>
            Got it
          </Button>
        }
      >
        Nothing was charged. You can start again whenever you like.
      </Notice>
    </div>
  );
}
