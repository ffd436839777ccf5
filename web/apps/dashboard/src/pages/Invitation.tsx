import { Button, EmptyState, messageOf, useWords } from '@paydesk/react';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';

import { paydesk } from '../client';
import { useSay } from '../language';
import { Page } from '../shell/Page';

/** Where the link of an invitation leads. Nobody joins without pressing the button. */
export default function Invitation() {
  const say = useSay().invitation;
  const words = useWords();
  const [params] = useSearchParams();
  const token = params.get('token');
  const [state, setState] = useState<'asking' | 'busy' | 'joined'>('asking');
  const [failure, setFailure] = useState<string | null>(null);
  async function accept() {
    setState('busy');
    setFailure(null);
    try {
      await paydesk.acceptInvitation(token ?? '');
      setState('joined');
    } catch (error) {
      setFailure(messageOf(error, words));
      setState('asking');
    }
  }
  return (
    <Page title={say.title} centred>
      <div className="pd-card mx-auto max-w-lg">
        {state === 'joined' ? (
          <EmptyState
            title={say.joined}
            action={
              <Link to="/dashboard" className="pd-button pd-button-primary pd-button-normal">
                {say.go}
              </Link>
            }
          />
        ) : (
          <EmptyState
            title={token ? say.ask : say.noToken}
            action={
              token && (
                <Button variant="primary" busy={state === 'busy'} onClick={() => void accept()}>
                  {say.accept}
                </Button>
              )
            }
          >
            {failure ?? say.text}
          </EmptyState>
        )}
      </div>
    </Page>
  );
}
