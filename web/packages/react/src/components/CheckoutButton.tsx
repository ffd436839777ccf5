import type { BillingCycle } from '@paydesk/client';
import type { ReactNode } from 'react';

import { useWords } from '../context';
import { useCheckout } from '../hooks/useCheckout';
import { Button, type ButtonProps } from '../ui/basics';

export interface CheckoutButtonProps extends Omit<ButtonProps, 'onClick' | 'busy'> {
  /** The key of a plan, top-up or product of the catalogue. */
  planKey: string;
  /** Leave it out for what is bought once. */
  billingCycle?: BillingCycle;
  children?: ReactNode;
}

/** Starts a hosted checkout. Pressed twice it opens one. */
export function CheckoutButton({ planKey, billingCycle, children, ...rest }: CheckoutButtonProps) {
  const words = useWords();
  const { buy, buying } = useCheckout();
  return (
    <Button
      variant="primary"
      {...rest}
      busy={buying !== null}
      onClick={() => buy({ planKey, billingCycle: billingCycle ?? null })}
    >
      {children ?? words.checkout.start(planKey)}
    </Button>
  );
}
