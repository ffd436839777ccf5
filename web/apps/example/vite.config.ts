import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

export default defineConfig({
  resolve: { conditions: ['paydesk-source', ...defaultClientConditions] },
  plugins: [react()],
  build: {
    target: 'es2023',
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    port: 5175,
    proxy: { '/api': process.env['PAYDESK_URL'] ?? 'http://127.0.0.1:8080' },
  },
});
