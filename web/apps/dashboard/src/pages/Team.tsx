import { SeatManager, useSeats } from '@paydesk/react';

import { useSay } from '../language';
import { Page } from '../shell/Page';

export default function Team() {
  const say = useSay().team;
  const { available } = useSeats();
  return (
    <Page title={say.title} lead={say.lead}>
      {available ? (
        <div className="max-w-3xl">
          <SeatManager />
        </div>
      ) : (
        <div className="pd-card">
          <p className="pd-muted">{say.unavailable}</p>
        </div>
      )}
    </Page>
  );
}
