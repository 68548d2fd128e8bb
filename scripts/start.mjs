/** `npm start`: builds the demo images that are missing and the app, and serves both on 127.0.0.1:PORT (8080). */
import { build, preview } from 'vite';
import { buildImages } from './images/build.mjs';

const lacking = buildImages();
for (const [name, why] of Object.entries(lacking)) console.error(`image ${name} is lacking: ${why}`);
await build({ logLevel: 'warn' });
const server = await preview();
console.log(`Drydock is ready: ${server.resolvedUrls.local[0]}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void server.close().finally(() => process.exit(0)));
