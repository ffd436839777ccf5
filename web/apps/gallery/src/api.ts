// The gallery's own API: every sample says what the routes answer. No server, no network.

import { createPaydesk, type Paydesk } from '@paydesk/client';

export type Routes = Record<string, unknown>;

/** Answers with an error status. */
export class Failure {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
  ) {}
}
/** Never answers: the state while loading. */
export const pending = Symbol('pending');

export function pretend(routes: Routes): Paydesk {
  return createPaydesk({
    baseUrl: window.location.origin,
    getToken: () => 'gallery',
    policy: { attempts_max: 1 },
    fetch: async (input, init) => {
      const request = input instanceof Request ? input : new Request(input, init);
      const answer = routes[`${request.method} ${new URL(request.url).pathname}`];
      if (answer === pending) return new Promise<Response>(() => {});
      if (answer instanceof Failure) {
        const { status, code, detail } = answer;
        return Response.json({ code, detail, status }, { status });
      }
      if (answer === undefined) return Response.json({ code: 'not_found' }, { status: 404 });
      return Response.json(answer);
    },
  });
}
