import { Button, Notice } from '@paydesk/react';
import { useRouteError } from 'react-router';

/** In the place of a page that failed to load or to draw. */
export function PageCrash() {
  const error = useRouteError();
  console.error(error);
  // After an update the files of the old version are gone; the new page has the new names.
  const outdated = error instanceof TypeError && /import|fetch|module/i.test(error.message);
  return (
    <div className="mx-auto max-w-xl px-4 py-20">
      <Notice
        tone="danger"
        role="alert"
        title={outdated ? 'This page could not be loaded' : 'This page has a problem'}
        action={<Button onClick={() => window.location.reload()}>Reload</Button>}
      >
        {outdated
          ? 'You may be offline, or Paydesk was updated meanwhile. Reloading usually helps.'
          : 'It is our fault, not yours. Your plan and your payments are not touched by it.'}
      </Notice>
    </div>
  );
}
