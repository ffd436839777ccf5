// What the provider hands down. Apart from it, because hooks need this and it needs the hooks.

import type { Paydesk } from '@paydesk/client';
import { createContext, useContext } from 'react';

export interface PaydeskLinks {
  pricing: string;
  billing: string;
  /** Where checkout returns; the session's id is added. */
  success: string;
  cancelled: string;
}

export interface Context {
  client: Paydesk;
  signedIn: boolean;
  locale: string | undefined;
  links: PaydeskLinks;
  navigate: ((path: string) => void) | undefined;
}

export const PaydeskContext = createContext<Context | null>(null);

export function usePaydesk(): Context {
  const context = useContext(PaydeskContext);
  if (context === null)
    throw new Error('Wrap the app in <PaydeskProvider client={createPaydesk(...)}>');
  return context;
}
