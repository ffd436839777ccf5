import { useConnection } from '../query';
import { Notice } from '../ui/basics';

/** One line for the whole page while the service does not answer. It goes when the service is back. */
export function ConnectionNotice() {
  const connection = useConnection();
  return (
    <div className="pd-connection" aria-live="polite">
      {connection === 'unreachable' && (
        <Notice tone="warning" title="The billing service cannot be reached">
          What you see may be out of date. We keep trying, nothing is lost.
        </Notice>
      )}
      {connection === 'rate_limited' && (
        <Notice tone="warning" title="A little too fast">
          The service asked us to slow down. This page continues by itself in a moment.
        </Notice>
      )}
      {connection === 'failing' && (
        <Notice tone="warning" title="The billing service has a problem">
          What you see may be out of date. We keep trying, nothing is lost.
        </Notice>
      )}
    </div>
  );
}
