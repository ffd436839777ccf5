// Short messages that appear in a corner and go by themselves. The live region is always there, or
// screen readers would not announce what is put into it.

import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';

import { useWords } from '../context';
import type { Tone } from '../describeSubscription';
import { AlertIcon, CheckIcon, CloseIcon, InfoIcon } from './icons';

export interface Toast {
  tone: Tone;
  title: string;
  text?: string;
  /** A newer toast about the same thing takes the place of the older one. */
  about?: string;
}

type Shown = Toast & { id: number };

const toasts_max = 3;
const lifetime_ms = 6_000;
const lifetime_of_problem_ms = 12_000;

function replaces(newer: Toast, older: Toast): boolean {
  if (newer.about !== undefined && newer.about === older.about) return true;
  return newer.title.toLowerCase() === older.title.toLowerCase();
}

const ToastContext = createContext<(toast: Toast) => void>(() => {});

/** Shows a toast. */
export function useToast(): (toast: Toast) => void {
  return useContext(ToastContext);
}

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Shown[]>([]);
  const words = useWords();
  const last_id = useRef(0);
  const show = useCallback((toast: Toast) => {
    const id = ++last_id.current;
    // The same fact often comes twice: as the answer to a click, and a moment later by the stream.
    setToasts((now) =>
      [...now.filter((other) => !replaces(toast, other)), { ...toast, id }].slice(-toasts_max),
    );
  }, []);
  const dismiss = useCallback(
    (id: number) => setToasts((now) => now.filter((toast) => toast.id !== id)),
    [],
  );
  const list = useMemo(
    () =>
      toasts.map((toast) => (
        <ToastItem key={toast.id} toast={toast} onDismiss={() => dismiss(toast.id)} />
      )),
    [toasts, dismiss],
  );
  return (
    <ToastContext value={show}>
      {children}
      <div className="pd-toasts" role="region" aria-label={words.common.messages}>
        <div aria-live="polite" aria-relevant="additions text">
          {list}
        </div>
      </div>
    </ToastContext>
  );
}

function ToastItem({ toast, onDismiss }: { toast: Shown; onDismiss: () => void }) {
  const words = useWords();
  const [held, setHeld] = useState(false); // under the pointer or with focus: someone is reading
  const dismiss = useRef(onDismiss);
  dismiss.current = onDismiss;
  const problem = toast.tone === 'danger' || toast.tone === 'warning';
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(
      () => dismiss.current(),
      problem ? lifetime_of_problem_ms : lifetime_ms,
    );
    return () => clearTimeout(timer);
  }, [held, problem]);
  const Icon = problem ? AlertIcon : toast.tone === 'success' ? CheckIcon : InfoIcon;
  return (
    <div
      className={`pd-toast pd-tone-${toast.tone}`}
      data-testid="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon className="pd-icon pd-notice-icon" />
      <div className="pd-notice-body">
        <p className="pd-notice-title">{toast.title}</p>
        {toast.text && <p className="pd-notice-text">{toast.text}</p>}
      </div>
      <button
        type="button"
        className="pd-icon-button"
        aria-label={words.common.dismiss}
        onClick={onDismiss}
      >
        <CloseIcon />
      </button>
    </div>
  );
}
