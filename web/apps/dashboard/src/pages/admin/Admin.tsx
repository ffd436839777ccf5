import { EmptyState, useSession } from '@paydesk/react';
import { useEffect, useRef } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';

import { useSay } from '../../language';
import { Page } from '../../shell/Page';
import { ShieldIcon } from '../../shell/icons';

/** The frame of the admin's pages. Who may see them is the server's decision; this only says it kindly. */
export default function Admin() {
  const { admin: say, console: pages } = useSay();
  const { user } = useSession();
  const tabs = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // There are more than a phone shows: the one that is open is in sight.
  useEffect(() => {
    tabs.current
      ?.querySelector('[aria-current]')
      ?.scrollIntoView?.({ block: 'nearest', inline: 'center' });
  }, [pathname]);
  if (user !== null && !user.is_admin) {
    return (
      <Page title={say.title}>
        <div className="pd-card">
          <EmptyState icon={<ShieldIcon />} title={say.forbiddenTitle}>
            {say.forbiddenText}
          </EmptyState>
        </div>
      </Page>
    );
  }
  const sections = [
    ['/admin', say.attention],
    ['/admin/customers', pages.customers.tab],
    ['/admin/revenue', pages.revenue.tab],
    ['/admin/usage', pages.usage.tab],
    ['/admin/webhooks', pages.webhooks.tab],
    ['/admin/jobs', pages.jobs.tab],
    ['/admin/refunds', say.refunds],
    ['/admin/credits', say.grants],
    ['/admin/emails', say.emails],
    ['/admin/explain', say.explainTab],
    ['/admin/drift', say.driftTab],
    ['/admin/rates', say.rates],
  ] as const;
  return (
    <Page title={say.title} lead={say.lead} wide>
      <nav
        ref={tabs}
        aria-label={say.sections}
        className="-mx-4 mb-5 flex gap-1 overflow-x-auto border-b border-line px-4 sm:mx-0 sm:px-0 lg:flex-wrap lg:gap-x-0"
      >
        {sections.map(([to, label]) => (
          <NavLink
            key={to}
            to={to}
            end={to === '/admin'}
            className={({ isActive }) =>
              `-mb-px border-b-2 px-2.5 py-2.5 text-[0.9375rem] font-medium whitespace-nowrap ${isActive ? 'border-accent text-ink' : 'border-transparent text-muted hover:text-ink'}`
            }
          >
            {label}
          </NavLink>
        ))}
      </nav>
      <Outlet />
    </Page>
  );
}
