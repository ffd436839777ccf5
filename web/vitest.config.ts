import react from '@vitejs/plugin-react';
import { defaultClientConditions } from 'vite';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['paydesk-source', ...defaultClientConditions] },
  plugins: [react()],
  test: {
    environment: 'jsdom',
    environmentOptions: { jsdom: { url: 'http://127.0.0.1:8080/dashboard' } },
    include: ['packages/*/test/**/*.test.{ts,tsx}', 'apps/*/test/**/*.test.{ts,tsx}'],
    setupFiles: ['./test_setup.ts'],
    restoreMocks: true,
    unstubGlobals: true,
    // Dates are shown in the reader's zone and language: the tests' reader lives here.
    env: { TZ: 'UTC' },
  },
});
