import type { UsageOfMetric } from '@paydesk/client';
import { Card, Skeleton, UsageDisplay, useUsage } from '@paydesk/react';
import { Suspense, lazy } from 'react';

import { useSay } from '../language';
import { Page } from '../shell/Page';

// The charts' library is as heavy as all the rest: it comes after the page.
const UsageChart = lazy(() => import('../charts/UsageChart'));

export default function Usage() {
  const say = useSay().usage;
  const { usage, available } = useUsage({ days: true });
  return (
    <Page title={say.title} lead={say.lead}>
      {available ? (
        <div className="grid items-start gap-5">
          <UsageDisplay />
          {usage?.usage
            .filter((metric) => (metric.days?.length ?? 0) > 0)
            .map((metric) => (
              <Days key={metric.metric_name} metric={metric} />
            ))}
        </div>
      ) : (
        <div className="pd-card">
          <p className="pd-muted">{say.unavailable}</p>
        </div>
      )}
    </Page>
  );
}

function Days({ metric }: { metric: UsageOfMetric }) {
  const say = useSay().usage;
  return (
    <Card title={say.perDay(metric.name)}>
      <Suspense fallback={<Skeleton lines={6} />}>
        <UsageChart metric={metric} />
      </Suspense>
    </Card>
  );
}
