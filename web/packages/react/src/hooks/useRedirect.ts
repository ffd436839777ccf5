import { useCallback, useEffect, useState } from 'react';

import { safeHref } from '../format';

/**
 * Leaves for another site, and stays `leaving` until the page is gone, so that the button cannot be
 * pressed twice. Coming back by the browser's back button (which may show this very page again,
 * as it was) ends that.
 */
export function useRedirect() {
  const [leaving, setLeaving] = useState(false);
  useEffect(() => {
    const back = () => setLeaving(false);
    window.addEventListener('pageshow', back);
    return () => window.removeEventListener('pageshow', back);
  }, []);
  const leave = useCallback((url: string) => {
    if (safeHref(url) === undefined) throw new Error('the link leads nowhere');
    setLeaving(true);
    window.location.assign(url);
  }, []);
  return { leaving, leave };
}
