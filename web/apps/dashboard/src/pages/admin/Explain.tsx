import type { Explanation } from '@paydesk/client';
import {
  Badge,
  Button,
  Card,
  EmptyState,
  formatDateTime,
  messageOf,
  usePaydesk,
  useWords,
  type Tone,
} from '@paydesk/react';
import { useState, type FormEvent } from 'react';
import { useSearchParams } from 'react-router';

import { Choice, Field } from '../../admin/fields';
import { useSay } from '../../language';

const kinds: Explanation['kind'][] = ['balance', 'invoice', 'subscription'];
type Step = Explanation['steps'][number];
const tones: Record<Step['kind'], Tone> = {
  event: 'info',
  rule: 'neutral',
  entry: 'success',
  told: 'neutral',
  asked: 'warning',
};

/** Why a balance, an invoice or a subscription is as it is: for whoever answers the customer. */
export default function Explain() {
  const { client } = usePaydesk();
  const words = useWords();
  const say = useSay().admin.explain;
  const [params] = useSearchParams();
  const [kind, setKind] = useState<Explanation['kind']>(
    kinds.find((known) => known === params.get('kind')) ?? 'balance',
  );
  const [id, setId] = useState(params.get('id') ?? '');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [found, setFound] = useState<Explanation | null>(null);
  async function ask(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      setFound((await client.admin.explain({ kind, id: id.trim() })).explanation);
    } catch (error) {
      setFound(null);
      setFailure(messageOf(error, words));
    } finally {
      setBusy(false);
    }
  }
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <Card title={say.title}>
        <form className="grid gap-4" onSubmit={(event) => void ask(event)}>
          <Choice label={say.kind} value={kind} options={say.kinds} onChoose={setKind} />
          <Field
            label={say.id}
            help={say.idHelp[kind]}
            error={failure}
            required
            maxLength={320}
            value={id}
            onText={setId}
          />
          <Button type="submit" variant="primary" busy={busy} data-testid="explain-submit">
            {say.submit}
          </Button>
        </form>
      </Card>
      <Card title={say.answer}>
        {found ? (
          <Answer found={found} />
        ) : (
          <EmptyState title={say.emptyTitle}>{say.emptyText}</EmptyState>
        )}
      </Card>
    </div>
  );
}

function Answer({ found }: { found: Explanation }) {
  const { locale } = usePaydesk();
  const say = useSay().admin.explain;
  return (
    <div data-testid="explanation">
      <p className="font-medium wrap-anywhere">{found.now}</p>
      <ol className="pd-rows mt-4">
        {found.steps.map((step, i) => (
          <li key={i} className="pd-row pd-row-top">
            <div className="pd-row-main">
              <p className="pd-row-title">{step.text}</p>
              <p className="pd-row-text">
                <time dateTime={step.at}>{formatDateTime(step.at, locale)}</time>
                {step.id && ` · ${step.id}`}
              </p>
            </div>
            <Badge tone={tones[step.kind] ?? 'neutral'}>{say.steps[step.kind] ?? step.kind}</Badge>
          </li>
        ))}
      </ol>
      {found.left_out.map((line) => (
        <p key={line} className="pd-muted mt-3">
          {line}
        </p>
      ))}
    </div>
  );
}
