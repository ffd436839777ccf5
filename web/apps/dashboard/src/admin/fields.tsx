// The labelled inputs of the admin's forms.

import {
  useId,
  type InputHTMLAttributes,
  type ReactNode,
  type TextareaHTMLAttributes,
} from 'react';

interface Labelled {
  label: string;
  help?: string | undefined;
  error?: string | null | undefined;
}

function Frame(props: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <label className="mb-1 block text-sm font-medium" htmlFor={props.id}>
        {props.label}
      </label>
      {props.children}
      {props.help && (
        <p className="mt-1 text-sm text-muted" id={`${props.id}-help`}>
          {props.help}
        </p>
      )}
      {props.error && (
        <p className="mt-1 text-sm text-danger" id={`${props.id}-error`} role="alert">
          {props.error}
        </p>
      )}
    </div>
  );
}

const described = (id: string, { help, error }: Labelled) => ({
  'aria-describedby':
    [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(' ') || undefined,
  'aria-invalid': error ? true : undefined,
});

export function Field({
  label,
  help,
  error,
  onText,
  ...rest
}: Labelled & { onText: (text: string) => void } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const labelled = { label, help, error };
  return (
    <Frame id={id} {...labelled}>
      <input
        id={id}
        className="field"
        autoComplete="off"
        {...described(id, labelled)}
        {...rest}
        onChange={(event) => onText(event.target.value)}
      />
    </Frame>
  );
}

export function LongField({
  label,
  help,
  error,
  onText,
  ...rest
}: Labelled & { onText: (text: string) => void } & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  const labelled = { label, help, error };
  return (
    <Frame id={id} {...labelled}>
      <textarea
        id={id}
        className="field"
        rows={5}
        {...described(id, labelled)}
        {...rest}
        onChange={(event) => onText(event.target.value)}
      />
    </Frame>
  );
}

export function Choice<T extends string>({
  label,
  value,
  options,
  onChoose,
}: {
  label: string;
  value: T;
  options: Record<T, string>;
  onChoose: (value: T) => void;
}) {
  const id = useId();
  return (
    <Frame id={id} label={label}>
      <select
        id={id}
        className="field"
        value={value}
        onChange={(event) => onChoose(event.target.value as T)}
      >
        {(Object.entries(options) as [T, string][]).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </Frame>
  );
}
