import { Link } from 'react-router';

import { useSay } from '../language';

export function Brand() {
  const say = useSay().nav;
  return (
    <Link
      to="/"
      className="inline-flex items-center gap-2.5 rounded-md text-[1.0625rem] font-semibold tracking-tight"
      aria-label={say.home}
    >
      <img src="/favicon.svg" alt="" width="28" height="28" />
      Paydesk
    </Link>
  );
}
