// The few icons that we need, drawn with strokes in the text's colour. Decoration only: hidden from
// screen readers, the words beside them say the same.

import type { ReactNode } from 'react';

function icon(children: ReactNode) {
  return function Icon({ className = 'pd-icon' }: { className?: string }) {
    return (
      <svg
        className={className}
        viewBox="0 0 24 24"
        width="20"
        height="20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {children}
      </svg>
    );
  };
}

export const CheckIcon = icon(<path d="m5 12.5 4.5 4.5L19 7.5" />);
export const CloseIcon = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const AlertIcon = icon(
  <>
    <path d="M12 4 2.8 19.5h18.4L12 4Z" />
    <path d="M12 10v4.5M12 17.2v.1" />
  </>,
);
export const InfoIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 11v5.5M12 7.7v.1" />
  </>,
);
export const ClockIcon = icon(
  <>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 7v5l3.2 2" />
  </>,
);
export const BellIcon = icon(
  <>
    <path d="M6 9.5a6 6 0 0 1 12 0c0 5 2 6.5 2 6.5H4s2-1.5 2-6.5Z" />
    <path d="M10 19.5a2.2 2.2 0 0 0 4 0" />
  </>,
);
export const CardIcon = icon(
  <>
    <rect x="2.8" y="5" width="18.4" height="14" rx="2.5" />
    <path d="M2.8 9.8h18.4M6.5 15h3.5" />
  </>,
);
export const ReceiptIcon = icon(
  <>
    <path d="M5.5 3.5h13v17l-2.2-1.5-2.1 1.5-2.2-1.5-2.2 1.5-2.1-1.5-2.2 1.5v-17Z" />
    <path d="M9 8.5h6M9 12.5h6" />
  </>,
);
export const ExternalIcon = icon(<path d="M14 5h5v5M19 5l-8 8M17 14v4.5H5.5V7H10" />);
export const DownloadIcon = icon(<path d="M12 4v11M7.5 10.8 12 15.3l4.5-4.5M5 19.5h14" />);
export const SparkIcon = icon(
  <path d="M12 3.5 13.9 10l6.6 2-6.6 2L12 20.5 10.1 14l-6.6-2 6.6-2L12 3.5Z" />,
);
