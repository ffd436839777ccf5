import { EmptyState } from '@paydesk/react';
import { Link } from 'react-router';

import { useSay } from '../language';
import { Page } from '../shell/Page';

export default function NotFound() {
  const say = useSay().page;
  return (
    <Page title={say.notFound} centred>
      <EmptyState
        title={say.notFoundTitle}
        action={
          <Link to="/" className="pd-button pd-button-primary pd-button-normal">
            {say.goHome}
          </Link>
        }
      >
        {say.notFoundText}
      </EmptyState>
    </Page>
  );
}
