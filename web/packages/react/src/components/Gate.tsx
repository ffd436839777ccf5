import type { ReactNode } from 'react';

import { usePaydesk } from '../context';
import { useEntitlements } from '../hooks/reads';
import { AppLink } from '../ui/AppLink';
import { EmptyState, Skeleton } from '../ui/basics';
import { SparkIcon } from '../ui/icons';

export interface GateProps {
  /** A feature that the plan must list. */
  feature?: string;
  /** The lowest rank of plan that may in (see `rank` of the catalogue). */
  minRank?: number;
  /** What the plan that opens it is called, for the words of the locked state. */
  planName?: string;
  /** Instead of our "not in your plan". */
  fallback?: ReactNode;
  children: ReactNode;
}

/**
 * Shows `children` to those whose plan allows it. For looks only: what must be refused is refused by the
 * app's server, which asks GET /api/entitlements. While unknown nothing is let in (fail closed).
 */
export function Gate({ feature, minRank, planName, fallback, children }: GateProps) {
  const { links, words } = usePaydesk();
  const { entitlements, loading, can } = useEntitlements();
  if (loading) return <Skeleton lines={3} />;
  const open =
    entitlements !== null &&
    !entitlements.suspended &&
    (feature === undefined || can(feature)) &&
    (minRank === undefined || entitlements.rank >= minRank);
  if (open) return children;
  if (fallback !== undefined) return fallback;
  return (
    <EmptyState
      icon={<SparkIcon />}
      title={planName ? words.gate.locked(planName) : words.gate.lockedAny}
      action={
        <AppLink href={links.pricing} className="pd-button pd-button-primary pd-button-normal">
          {words.common.seePlans}
        </AppLink>
      }
    >
      {words.gate.text}
    </EmptyState>
  );
}
