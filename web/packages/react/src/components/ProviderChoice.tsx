import type { PaymentProvider } from '@paydesk/client';
import { useId } from 'react';

import { useWords } from '../context';

export interface ProviderChoiceProps {
  providers: readonly PaymentProvider[];
  provider: PaymentProvider;
  onChoose: (provider: PaymentProvider) => void;
}

/** Card or PayPal. Nothing where there is nothing to choose. */
export function ProviderChoice({ providers, provider, onChoose }: ProviderChoiceProps) {
  const say = useWords().provider;
  const name = useId();
  if (providers.length < 2) return null;
  return (
    <fieldset className="pd-switch">
      <legend className="pd-visually-hidden">{say.choose}</legend>
      {providers.map((value) => (
        <label key={value} className="pd-switch-option" data-testid={`provider-${value}`}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={provider === value}
            onChange={() => onChoose(value)}
          />
          <span>{say.pay[value]}</span>
        </label>
      ))}
    </fieldset>
  );
}
