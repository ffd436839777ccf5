import { NotFoundError } from '@paydesk/client';

import { usePaydesk } from '../context';
import { keys, useApiQuery } from '../query';

/** What was used in the billing period, with a row per day where `days` is set. */
export function useUsage({ days = false }: { days?: boolean } = {}) {
  const { client } = usePaydesk();
  const query = useApiQuery([...keys.usage, days], (options) =>
    client.getUsage(days ? { series: 'day' } : {}, options),
  );
  return {
    ...query,
    usage: query.data ?? null,
    /** False on a server that does not meter. */
    available: !(query.error instanceof NotFoundError),
  };
}
