import type { PaymentProvider } from '@paydesk/client';
import { useState } from 'react';

import { useConfig } from './reads';

const only_stripe: readonly PaymentProvider[] = ['stripe'];

/** Where one can pay at this server, and which of them is chosen: the first, until somebody chooses. */
export function useProviders() {
  const { config } = useConfig();
  const [chosen, choose] = useState<PaymentProvider | null>(null);
  const told = config?.providers ?? only_stripe;
  const providers = told.length > 0 ? told : only_stripe;
  const provider = chosen !== null && providers.includes(chosen) ? chosen : providers[0]!;
  return { providers, provider, choose };
}
