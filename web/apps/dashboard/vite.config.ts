import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

export default defineConfig({
  resolve: { conditions: ['paydesk-source', ...defaultClientConditions] },
  plugins: [react(), tailwindcss()],
  build: {
    target: 'es2023',
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'], // light-dark() as it is written
    manifest: true, // scripts/check_bundle.mjs weighs the pages by it
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': process.env['PAYDESK_URL'] ?? 'http://127.0.0.1:8080' },
  },
});
