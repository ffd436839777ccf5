import type { Customer as Everything } from '@paydesk/client';
import {
  Badge,
  Card,
  LoadError,
  Skeleton,
  formatCount,
  formatDate,
  keys,
  useApiQuery,
  usePaydesk,
  useWords,
} from '@paydesk/react';
import { Link, useParams } from 'react-router';

import { MoneySections, RecordSections } from '../../admin/CustomerSections';
import { Facts } from '../../admin/Facts';
import { Id } from '../../admin/Id';
import { toneOf } from '../../admin/tones';
import { useSay } from '../../language';

/** Everything about one customer, on one page. */
export default function Customer() {
  const { client } = usePaydesk();
  const id = useParams()['id']!;
  const { customer: say, customers, back } = useSay().console;
  const { data, loading, error, refetch } = useApiQuery(
    [...keys.all, 'admin', 'customer', id],
    (options) => client.admin.getCustomer(id, options),
  );
  const customer = data?.customer;
  return (
    <div className="grid grid-cols-1 gap-5">
      <p>
        <Link to="/admin/customers" className="text-link hover:underline">
          {back(customers.tab)}
        </Link>
      </p>
      {customer ? (
        <>
          <Profile customer={customer} />
          <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-2">
            <MoneySections customer={customer} />
            <RecordSections customer={customer} />
          </div>
          <p className="text-sm text-muted">{say.newest}</p>
        </>
      ) : (
        <Card title={say.what} busy={loading}>
          {loading ? (
            <Skeleton lines={6} />
          ) : (
            <LoadError what={say.what} error={error} onRetry={refetch} />
          )}
        </Card>
      )}
    </div>
  );
}

function Profile({ customer }: { customer: Everything }) {
  const { locale } = usePaydesk();
  const words = useWords();
  const { customer: say, customers } = useSay().console;
  const account = encodeURIComponent(customer.id);
  const status = customer.status ?? 'none';
  const credits = formatCount(customer.credits, locale);
  return (
    <Card
      title={customer.name ?? customer.email ?? customers.unnamed}
      aside={
        <Badge tone={toneOf(status)} testId="customer-status">
          {status === 'none'
            ? say.free
            : (words.plan.status[status as keyof typeof words.plan.status] ?? status)}
        </Badge>
      }
    >
      {customer.name && customer.email && <p className="wrap-anywhere">{customer.email}</p>}
      <Id value={customer.id} />
      {customer.suspended && <p className="pd-text-danger mt-2">{say.suspended}</p>}
      <Facts
        facts={[
          [say.plan, customer.plan_name ?? customer.plan_key],
          [say.until, customer.access_until && formatDate(customer.access_until, locale)],
          [
            say.credits,
            customer.credits_held > 0
              ? `${credits} (${say.held(formatCount(customer.credits_held, locale))})`
              : credits,
          ],
          [say.language, customer.language],
          [
            customer.kind === 'team' ? say.team : customers.tab,
            customers.since(formatDate(customer.created_at, locale)),
          ],
          [customers.closed, customer.closed_at && formatDate(customer.closed_at, locale)],
        ]}
      />
      <div className="pd-card-actions">
        <Link
          to={`/admin/credits?account=${account}`}
          className="pd-button pd-button-secondary pd-button-normal"
        >
          {say.giveCredits}
        </Link>
        <Link
          to={`/admin/emails?account=${account}`}
          className="pd-button pd-button-secondary pd-button-normal"
        >
          {say.writeEmail}
        </Link>
        <Link
          to={`/admin/explain?kind=balance&id=${account}`}
          className="pd-button pd-button-ghost pd-button-normal"
        >
          {say.explainCredits}
        </Link>
      </div>
    </Card>
  );
}
