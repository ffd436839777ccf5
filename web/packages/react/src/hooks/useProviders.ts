import type { PaymentProvider } from '@paydesk/client';
import { useState } from 'react';

import { usePaydesk } from '../context';
import { keys, useApiQuery } from '../query';

const only_stripe: readonly PaymentProvider[] = ['stripe'];

/** Where one can pay at this server, and which of them is chosen: the first, until somebody chooses. */
export function useProviders() {
  const { client } = usePaydesk();
  // Who is not signed in buys nothing yet: it is not asked for.
  const { data: config } = useApiQuery(keys.config, (options) => client.getConfig(options), {
    staleTime: 300_000,
  });
  const [chosen, choose] = useState<PaymentProvider | null>(null);
  const told = config?.providers ?? only_stripe;
  const providers = told.length > 0 ? told : only_stripe;
  const provider = chosen !== null && providers.includes(chosen) ? chosen : providers[0]!;
  return { providers, provider, choose };
}
