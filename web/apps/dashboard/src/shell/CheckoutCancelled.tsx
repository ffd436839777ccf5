import { Button, Notice } from '@paydesk/react';
import { useSearchParams } from 'react-router';

import { useSay } from '../language';

/** For those who came back from the checkout without paying (?canceled=true). */
export function CheckoutCancelled() {
  const say = useSay().cancelled;
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
        title={say.title}
        action={
          <Button size="small" onClick={dismiss}>
            {say.gotIt}
          </Button>
        }
      >
        {say.text}
      </Notice>
    </div>
  );
}
