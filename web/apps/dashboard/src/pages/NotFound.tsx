import { EmptyState } from '@paydesk/react';
import { Link } from 'react-router';

import { Page } from '../shell/Page';

export default function NotFound() {
  return (
    <Page title="Page not found" centred>
      <EmptyState
        title="There is nothing at this address"
        action={
          <Link to="/" className="pd-button pd-button-primary pd-button-normal">
            Go home
          </Link>
        }
      >
        The link may be old, or a letter is missing.
      </EmptyState>
    </Page>
  );
}
