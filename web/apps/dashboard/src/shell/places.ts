// Where the navigation leads. What the server does not offer, and what is for admins only, is left out.

import { CardIcon, SparkIcon, useSeats, useSession, useUsage } from '@paydesk/react';
import type { ReactNode } from 'react';

import { useSay } from '../language';
import { ChartIcon, CoinsIcon, HomeIcon, PeopleIcon, ShieldIcon } from './icons';

export interface Place {
  to: string;
  label: string;
  Icon: (props: { className?: string }) => ReactNode;
  end: boolean;
  /** Also in the bottom bar of phones, which holds five. */
  phone: boolean;
}

export function usePlaces(): Place[] {
  const say = useSay().nav;
  const { user } = useSession();
  const usage = useUsage();
  const seats = useSeats();
  return [
    { to: '/dashboard', label: say.overview, Icon: HomeIcon, end: true, phone: true },
    { to: '/dashboard/billing', label: say.billing, Icon: CardIcon, end: false, phone: true },
    ...(usage.usage
      ? [{ to: '/dashboard/usage', label: say.usage, Icon: ChartIcon, end: false, phone: true }]
      : []),
    { to: '/dashboard/credits', label: say.credits, Icon: CoinsIcon, end: false, phone: true },
    ...(seats.seats
      ? [{ to: '/dashboard/team', label: say.team, Icon: PeopleIcon, end: false, phone: false }]
      : []),
    { to: '/pricing', label: say.plans, Icon: SparkIcon, end: false, phone: true },
    ...(user?.is_admin
      ? [{ to: '/admin', label: say.admin, Icon: ShieldIcon, end: false, phone: false }]
      : []),
  ];
}
