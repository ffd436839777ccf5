import { Button, Notice } from '@paydesk/react';
import { useRouteError } from 'react-router';

import { useSay } from '../language';

/** In the place of a page that failed to load or to draw. */
export function PageCrash() {
  const say = useSay().page;
  const error = useRouteError();
  console.error(error);
  // After an update the files of the old version are gone; the new page has the new names.
  const outdated = error instanceof TypeError && /import|fetch|module/i.test(error.message);
  return (
    <div className="mx-auto max-w-xl px-4 py-20">
      <Notice
        tone="danger"
        role="alert"
        title={outdated ? say.outdatedTitle : say.crashTitle}
        action={<Button onClick={() => window.location.reload()}>{say.reload}</Button>}
      >
        {outdated ? say.outdatedText : say.crashText}
      </Notice>
    </div>
  );
}
