import { NotFoundError } from '@paydesk/client';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { usePaydesk } from '../context';
import { keys, useApiQuery } from '../query';

/** The members of the user's account. The actions resolve when the server has done it. */
export function useSeats() {
  const { client } = usePaydesk();
  const queries = useQueryClient();
  const query = useApiQuery(keys.seats, (options) => client.getSeats({}, options));
  const onSettled = () => queries.invalidateQueries({ queryKey: keys.seats });
  const invite = useMutation({
    mutationFn: (given: { email: string; role: 'admin' | 'member' }) => client.inviteToSeat(given),
    onSettled,
  });
  const changeRole = useMutation({
    mutationFn: ({ id, role }: { id: string; role: 'admin' | 'member' }) =>
      client.changeSeatRole(id, role),
    onSettled,
  });
  const remove = useMutation({ mutationFn: (id: string) => client.giveSeatBack(id), onSettled });
  return {
    ...query,
    seats: query.data ?? null,
    available: !(query.error instanceof NotFoundError),
    invite: invite.mutateAsync,
    inviting: invite.isPending,
    changeRole: changeRole.mutateAsync,
    remove: remove.mutateAsync,
    changing: changeRole.isPending || remove.isPending,
  };
}
