import { Link } from 'react-router';

export function Brand() {
  return (
    <Link
      to="/"
      className="inline-flex items-center gap-2.5 rounded-md text-[1.0625rem] font-semibold tracking-tight"
      aria-label="Paydesk, home"
    >
      <img src="/favicon.svg" alt="" width="28" height="28" />
      Paydesk
    </Link>
  );
}
