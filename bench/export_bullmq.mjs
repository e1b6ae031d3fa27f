/** What BullMQ's own exportPrometheusMetrics takes for so many queues: node export_bullmq.mjs PORT QUEUES ROUNDS */
import { createRequire } from 'node:module';

const require = createRequire(new URL('../tests/interop/package.json', import.meta.url));
const { Queue } = require('bullmq6');
const Redis = require('ioredis');

const [port, queues, rounds] = process.argv.slice(2).map(Number);
const connection = new Redis({ port, maxRetriesPerRequest: null });
const opened = Array.from({ length: queues }, (_, number) => {
  const name = `queue-${String(number).padStart(4, '0')}`;
  return new Queue(name, { connection, skipMetasUpdate: true });
});
await Promise.all(opened.map((queue) => queue.waitUntilReady()));
for (let round = 0; round < rounds; round += 1) {
  const started = performance.now();
  const texts = await Promise.all(opened.map((queue) => queue.exportPrometheusMetrics()));
  console.log(performance.now() - started, texts.join('').length);
}
process.exit(0);
