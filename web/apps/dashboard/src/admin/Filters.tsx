// What a list is narrowed down by lives in the address: it can be linked to and survives a reload.

import { Button } from '@paydesk/react';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useSearchParams } from 'react-router';

import { useSay } from '../language';
import { Field } from './fields';

export function useFilter(name: string): [string, (value: string) => void] {
  const [params, setParams] = useSearchParams();
  return [
    params.get(name) ?? '',
    (value) =>
      setParams(
        (old) => {
          const next = new URLSearchParams(old);
          if (value === '') next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      ),
  ];
}

export interface TextFilter {
  name: string;
  label: string;
  help: string;
}

/** Texts that count when they are sent, beside choices that count at once. */
export function TextFilters({ fields, children }: { fields: TextFilter[]; children?: ReactNode }) {
  const say = useSay().console;
  const [params, setParams] = useSearchParams();
  const [texts, setTexts] = useState<Record<string, string>>({});
  function submit(event: FormEvent) {
    event.preventDefault();
    setParams((old) => {
      const next = new URLSearchParams(old);
      for (const { name } of fields) {
        const text = (texts[name] ?? params.get(name) ?? '').trim();
        if (text === '') next.delete(name);
        else next.set(name, text);
      }
      return next;
    });
  }
  return (
    <form
      role="search"
      className="flex flex-wrap items-start gap-3"
      data-testid="filters"
      onSubmit={submit}
    >
      {children}
      {fields.map(({ name, label, help }) => (
        <div key={name} className="min-w-0 flex-[1_1_14rem]">
          <Field
            label={label}
            help={help}
            type="search"
            maxLength={255}
            value={texts[name] ?? params.get(name) ?? ''}
            onText={(text) => setTexts((old) => ({ ...old, [name]: text }))}
          />
        </div>
      ))}
      <Button type="submit" className="mt-[1.625rem]" data-testid="filter-submit">
        {say.search}
      </Button>
    </form>
  );
}
