import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Served by the server at `/` under `default-src 'self'`: every asset is a file, nothing is inlined. */
export default defineConfig({
  plugins: [react()],
  base: '/',
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 800 },
  server: {
    port: 5173,
    proxy: { '/api': 'http://127.0.0.1:3000', '/ws': { target: 'ws://127.0.0.1:3000', ws: true } },
  },
});
