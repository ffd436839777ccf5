import { createPaydesk } from '@paydesk/client';

import { currentToken, endSession } from './session';

export const paydesk = createPaydesk({ getToken: currentToken, onUnauthorized: endSession });
