import type { Reconciliation } from '@paydesk/client';
import {
  Badge,
  formatCount,
  formatDateTime,
  usePaydesk,
  type Tone,
  ListCard,
} from '@paydesk/react';

import { useAdminPages } from '../../admin/List';
import { useSay } from '../../language';

type Runs = { reconciliations: Reconciliation[]; has_more: boolean };

/** What the comparisons with the provider found. */
export default function Drift() {
  const say = useSay().admin.drift;
  const runs = useAdminPages<Runs, Reconciliation>(
    'reconciliations',
    (client, page, signal) => client.admin.getReconciliations(page, { signal }),
    (page) => page.reconciliations,
  );
  return (
    <ListCard {...say} list={runs}>
      {(run) => <RunRow key={run.id} run={run} />}
    </ListCard>
  );
}

function toneOf(run: Reconciliation): Tone {
  if (run.status === 'failed') return 'danger';
  if (run.status === 'running') return 'info';
  return run.drift > run.repaired ? 'warning' : 'success';
}

function RunRow({ run }: { run: Reconciliation }) {
  const { locale } = usePaydesk();
  const say = useSay().admin.drift;
  const findings = run.report.findings ?? [];
  return (
    <li className="pd-row pd-row-top" data-testid="admin-run">
      <div className="pd-row-main">
        <p className="pd-row-title">
          {say.modes[run.mode]} · {run.provider === 'stripe' ? 'Stripe' : 'PayPal'}
        </p>
        <p className="pd-row-text">
          <time dateTime={run.started_at}>{formatDateTime(run.started_at, locale)}</time>
          {' · '}
          {say.counts(
            formatCount(run.checked, locale),
            formatCount(run.drift, locale),
            formatCount(run.repaired, locale),
          )}
          {run.dry_run && ` · ${say.dryRun}`}
        </p>
        {run.error && <p className="pd-row-text pd-text-danger">{run.error}</p>}
        {findings.length > 0 && (
          <details className="mt-2 text-sm">
            <summary className="cursor-pointer text-link">{say.findings(findings.length)}</summary>
            <ul className="mt-2 grid gap-1">
              {findings.map((finding, i) => (
                <li key={i} className="wrap-anywhere text-muted">
                  {finding.kind} <span className="font-mono text-xs">{finding.id}</span>:{' '}
                  {say.drifts[finding.drift] ?? finding.drift}
                  {finding.note && ` (${finding.note})`}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
      <Badge tone={toneOf(run)}>{say.statuses[run.status] ?? run.status}</Badge>
    </li>
  );
}
