import { beforeEach, describe, expect, test } from 'vitest';

import {
  currentToken,
  endSession,
  safeNext,
  sessionExpired,
  signIn,
  signOut,
} from '../src/session';

const result = (token: string, expires_in = 3600) => ({
  access_token: token,
  token_type: 'bearer' as const,
  expires_in,
  user: {
    id: '0190aaaa-0000-7000-8000-000000000001',
    email: 'alice@example.com',
    name: 'Alice',
    is_admin: false,
  },
});

beforeEach(signOut);

describe('safeNext', () => {
  test.each([
    ['/dashboard/billing?x=1#a', '/dashboard/billing?x=1#a'],
    ['/success?session_id=cs_1', '/success?session_id=cs_1'],
    [null, '/dashboard'],
    ['', '/dashboard'],
    ['https://evil.example/', '/dashboard'],
    ['//evil.example/', '/dashboard'],
    ['/\\evil.example/', '/dashboard'],
    ['javascript:alert(1)', '/dashboard'],
    ['/sign-in?next=/sign-in', '/dashboard'],
  ])('%s -> %s', (next, expected) => expect(safeNext(next)).toBe(expected));
});

describe('session', () => {
  test('lives in the storage of this origin until sign-out', () => {
    signIn(result('t1'));
    expect(currentToken()).toBe('t1');
    expect(localStorage.getItem('paydesk.session')).toContain('t1');
    signOut();
    expect(currentToken()).toBeNull();
    expect(localStorage.getItem('paydesk.session')).toBeNull();
    expect(sessionExpired()).toBe(false);
  });

  test('a refused token ends its own session only', () => {
    signIn(result('t2'));
    endSession('t1');
    expect(currentToken()).toBe('t2');
    endSession('t2');
    expect(currentToken()).toBeNull();
    expect(sessionExpired()).toBe(true);
  });

  test('an expired token is not sent any more', () => {
    signIn(result('t1', -1));
    expect(currentToken()).toBeNull();
    expect(sessionExpired()).toBe(true);
  });
});
