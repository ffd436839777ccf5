// Buttons, badges, cards and the four things that a card can show instead of content: a skeleton,
// nothing yet, an error, a notice.

import { PaydeskError } from '@paydesk/client';
import { useId, type ButtonHTMLAttributes, type ReactNode } from 'react';

import { useWords } from '../context';
import type { Tone } from '../describeSubscription';
import { english, type Words } from '../words/en';
import { AlertIcon, CheckIcon, ClockIcon, InfoIcon } from './icons';
import { replaceable } from './parts';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: 'primary' | 'secondary' | 'ghost' | 'danger';
  size?: 'small' | 'normal';
  busy?: boolean;
}

/** A button that can be busy: it keeps its place and its focus, and cannot be pressed twice. */
export const Button = replaceable(
  'Button',
  function Button({
    variant = 'secondary',
    size = 'normal',
    busy = false,
    onClick,
    children,
    className = '',
    ...rest
  }: ButtonProps) {
    return (
      <button
        type="button"
        {...rest}
        className={`pd-button pd-button-${variant} pd-button-${size} ${className}`}
        aria-busy={busy || undefined}
        aria-disabled={busy || undefined}
        onClick={busy ? (event) => event.preventDefault() : onClick}
      >
        {busy && <span className="pd-spinner" aria-hidden="true" />}
        <span className="pd-button-label">{children}</span>
      </button>
    );
  },
);

export interface BadgeProps {
  tone: Tone;
  children: ReactNode;
  testId?: string;
}

export const Badge = replaceable('Badge', function Badge({ tone, children, testId }: BadgeProps) {
  return (
    <span className={`pd-badge pd-tone-${tone}`} data-testid={testId}>
      {children}
    </span>
  );
});

export interface CardProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  busy?: boolean;
}

export const Card = replaceable('Card', function Card(props: CardProps) {
  const { title, aside, children, className = '', busy = false } = props;
  const id = useId();
  return (
    <section className={`pd-card ${className}`} aria-labelledby={id} aria-busy={busy || undefined}>
      <header className="pd-card-head">
        <h2 className="pd-card-title" id={id}>
          {title}
        </h2>
        {aside && <div className="pd-card-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
});

export interface SkeletonProps {
  lines?: number;
  label?: string;
}

/** Grey bars in the place of what is coming. `label` is for screen readers. */
export const Skeleton = replaceable(
  'Skeleton',
  function Skeleton({ lines = 3, label }: SkeletonProps) {
    const words = useWords();
    return (
      <div className="pd-skeleton" role="status">
        <span className="pd-visually-hidden">{label ?? words.common.loading}</span>
        {Array.from({ length: lines }, (_, i) => (
          <span key={i} className={`pd-skeleton-bar pd-skeleton-bar-${i % 3}`} aria-hidden="true" />
        ))}
      </div>
    );
  },
);

export interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

export const EmptyState = replaceable('EmptyState', function EmptyState(props: EmptyStateProps) {
  const { icon, title, children, action } = props;
  return (
    <div className="pd-empty">
      {icon && <div className="pd-empty-icon">{icon}</div>}
      <p className="pd-empty-title">{title}</p>
      {children && <p className="pd-empty-text">{children}</p>}
      {action}
    </div>
  );
});

const tone_icons: Record<Tone, (props: { className?: string }) => ReactNode> = {
  neutral: InfoIcon,
  info: ClockIcon,
  success: CheckIcon,
  warning: AlertIcon,
  danger: AlertIcon,
};

export interface NoticeProps {
  tone: Tone;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  role?: 'alert' | 'status';
}

export const Notice = replaceable('Notice', function Notice(props: NoticeProps) {
  const { tone, title, children, action, role } = props;
  const Icon = tone_icons[tone];
  return (
    <div className={`pd-notice pd-tone-${tone}`} role={role}>
      <Icon className="pd-icon pd-notice-icon" />
      <div className="pd-notice-body">
        <p className="pd-notice-title">{title}</p>
        {children && <div className="pd-notice-text">{children}</div>}
      </div>
      {action && <div className="pd-notice-action">{action}</div>}
    </div>
  );
});

/** What to tell people of a failure: our words where we have some for its code, else the server's. */
export function messageOf(error: unknown, words: Words = english): string {
  if (!(error instanceof PaydeskError)) return words.common.pageProblem;
  return words.errors.byCode[error.code] ?? error.message;
}

/** In the place of a card's content when it could not be loaded at all. */
export function LoadError({
  what,
  error,
  onRetry,
}: {
  what: string;
  error: unknown;
  onRetry: () => void;
}) {
  const words = useWords();
  const transient = error instanceof PaydeskError && error.transient;
  return (
    <Notice
      tone={transient ? 'neutral' : 'danger'}
      role={transient ? 'status' : 'alert'} // while the service is away, one alarm for the page is enough
      title={words.common.notLoaded(what)}
      action={
        <Button size="small" onClick={onRetry}>
          {words.common.tryAgain}
        </Button>
      }
    >
      {messageOf(error, words)}
      {transient && ` ${words.common.keepTrying}`}
    </Notice>
  );
}
