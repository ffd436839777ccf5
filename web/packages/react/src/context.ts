// What the provider hands down. Apart from it, because hooks need this and it needs the hooks.

import type { Paydesk } from '@paydesk/client';
import { createContext, useContext } from 'react';

import type { Parts } from './ui/parts';
import { english, type Words } from './words/en';

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
  words: Words;
  parts: Partial<Parts>;
}

export const PaydeskContext = createContext<Context | null>(null);

export function usePaydesk(): Context {
  const context = useContext(PaydeskContext);
  if (context === null)
    throw new Error('Wrap the app in <PaydeskProvider client={createPaydesk(...)}>');
  return context;
}

/** The words of the nearest provider; English where there is none (a page that failed to draw). */
export function useWords(): Words {
  return useContext(PaydeskContext)?.words ?? english;
}
