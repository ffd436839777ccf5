// Buttons, badges, cards and the four things that a card can show instead of content: a skeleton,
// nothing yet, an error, a notice.

import { PaydeskError } from '@paydesk/client';
import { useId, type ButtonHTMLAttributes, type ReactNode } from 'react';

import type { Tone } from '../describeSubscription';
import { AlertIcon, CheckIcon, ClockIcon, InfoIcon } from './icons';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: 'primary' | 'secondary' | 'ghost' | 'danger';
  size?: 'small' | 'normal';
  busy?: boolean;
}

/** A button that can be busy: it keeps its place and its focus, and cannot be pressed twice. */
export function Button({
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
}

export function Badge({
  tone,
  children,
  testId,
}: {
  tone: Tone;
  children: ReactNode;
  testId?: string;
}) {
  return (
    <span className={`pd-badge pd-tone-${tone}`} data-testid={testId}>
      {children}
    </span>
  );
}

export interface CardProps {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  busy?: boolean;
}

export function Card({ title, aside, children, className = '', busy = false }: CardProps) {
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
}

/** Grey bars in the place of what is coming. `label` is for screen readers. */
export function Skeleton({ lines = 3, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div className="pd-skeleton" role="status">
      <span className="pd-visually-hidden">{label}</span>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} className={`pd-skeleton-bar pd-skeleton-bar-${i % 3}`} aria-hidden="true" />
      ))}
    </div>
  );
}

export function EmptyState({
  icon,
  title,
  children,
  action,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="pd-empty">
      {icon && <div className="pd-empty-icon">{icon}</div>}
      <p className="pd-empty-title">{title}</p>
      {children && <p className="pd-empty-text">{children}</p>}
      {action}
    </div>
  );
}

const tone_icons: Record<Tone, (props: { className?: string }) => ReactNode> = {
  neutral: InfoIcon,
  info: ClockIcon,
  success: CheckIcon,
  warning: AlertIcon,
  danger: AlertIcon,
};

export function Notice({
  tone,
  title,
  children,
  action,
  role,
}: {
  tone: Tone;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  role?: 'alert' | 'status';
}) {
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
}

export function messageOf(error: unknown): string {
  if (error instanceof PaydeskError) return error.message;
  return 'Something went wrong on this page. Please reload it.';
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
  const transient = error instanceof PaydeskError && error.transient;
  return (
    <Notice
      tone={transient ? 'neutral' : 'danger'}
      role={transient ? 'status' : 'alert'} // while the service is away, one alarm for the page is enough
      title={`${what} could not be loaded`}
      action={
        <Button size="small" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      {messageOf(error)}
      {transient && ' We keep trying.'}
    </Notice>
  );
}
