import type { CustomerSummary } from '@paydesk/client';
import { Badge, formatDate, usePaydesk, useWords, ListCard } from '@paydesk/react';
import { Link, useSearchParams } from 'react-router';

import { TextFilters } from '../../admin/Filters';
import { useAdminPages } from '../../admin/List';
import { toneOf } from '../../admin/tones';
import { useSay } from '../../language';

type Found = { customers: CustomerSummary[]; has_more: boolean };

export default function Customers() {
  const say = useSay().console.customers;
  const [params] = useSearchParams();
  const query = params.get('query') ?? '';
  const customers = useAdminPages<Found, CustomerSummary>(
    `customers/${query}`,
    (client, page, signal) =>
      client.admin.searchCustomers({ ...page, ...(query !== '' && { query }) }, { signal }),
    (page) => page.customers,
  );
  return (
    <div className="grid grid-cols-1 gap-5">
      <TextFilters fields={[{ name: 'query', label: say.query, help: say.queryHelp }]} />
      <ListCard {...say} list={customers}>
        {(customer) => <CustomerRow key={customer.id} customer={customer} />}
      </ListCard>
    </div>
  );
}

function CustomerRow({ customer }: { customer: CustomerSummary }) {
  const { locale } = usePaydesk();
  const words = useWords();
  const { customers: say, customer: about, provider } = useSay().console;
  const status = customer.status;
  return (
    <li className="pd-row" data-testid="admin-customer">
      <div className="pd-row-main">
        <p className="pd-row-title">
          <Link to={`/admin/customers/${customer.id}`} className="text-link hover:underline">
            {customer.name ?? customer.email ?? say.unnamed}
          </Link>
        </p>
        <p className="pd-row-text">
          {customer.email ?? customer.id}
          {' · '}
          {say.since(formatDate(customer.created_at, locale))}
          {customer.kind === 'team' && ` · ${about.team}`}
          {customer.closed_at && ` · ${say.closed}`}
        </p>
      </div>
      <div className="pd-row-side">
        <span className="text-sm text-muted">
          {customer.plan_name ?? customer.plan_key ?? say.noPlan}
          {customer.provider && ` · ${provider[customer.provider] ?? customer.provider}`}
        </span>
        {status && (
          <Badge tone={toneOf(status)}>
            {words.plan.status[status as keyof typeof words.plan.status] ?? status}
          </Badge>
        )}
      </div>
    </li>
  );
}
