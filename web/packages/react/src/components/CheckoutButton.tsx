import type { BillingCycle, PaymentProvider } from '@paydesk/client';
import { useState, type ReactNode } from 'react';

import { useWords } from '../context';
import { useCheckout } from '../hooks/useCheckout';
import { Button, type ButtonProps } from '../ui/basics';
import { PromotionCodeField } from './PromotionCodeField';

export interface CheckoutButtonProps extends Omit<ButtonProps, 'onClick' | 'busy'> {
  /** The key of a plan, top-up or product of the catalogue. */
  planKey: string;
  /** Leave it out for what is bought once. */
  billingCycle?: BillingCycle;
  /** Where to pay. Default: Stripe; useProviders() knows what the server offers. */
  provider?: PaymentProvider;
  /** A field for a promotion code below the button. */
  askForCode?: boolean;
  children?: ReactNode;
}

/** Starts a hosted checkout. Pressed twice it opens one. */
export function CheckoutButton({
  planKey,
  billingCycle,
  provider,
  askForCode = false,
  children,
  ...rest
}: CheckoutButtonProps) {
  const words = useWords();
  const { buy, buying, codeError, forgetCodeError } = useCheckout();
  const [code, setCode] = useState('');
  const button = (
    <Button
      variant="primary"
      {...rest}
      busy={buying !== null}
      onClick={() =>
        buy({ planKey, billingCycle: billingCycle ?? null, promotionCode: code, provider })
      }
    >
      {children ?? words.checkout.start(planKey)}
    </Button>
  );
  if (!askForCode) return button;
  return (
    <div className="pd-checkout">
      {button}
      <PromotionCodeField
        code={code}
        error={codeError}
        disabled={buying !== null}
        onCode={(text) => {
          setCode(text);
          if (codeError !== null) forgetCodeError();
        }}
      />
    </div>
  );
}
