/** A live worker, and the one way in which BullMQ itself can find a word in jobs' data: fetch them all and look.
 *
 *  node search_bullmq.mjs work PORT QUEUE            prints how many jobs it has done, every 100 ms, until its stdin ends
 *  node search_bullmq.mjs scan PORT QUEUE STATE WORD prints {looked, found, seconds, rss}; pages of 1,000, as dashboards do
 */
import { createRequire } from 'node:module';

const require = createRequire(new URL('../tests/interop/package.json', import.meta.url));
const { Queue, Worker } = require('bullmq6');
const Redis = require('ioredis');

const [act, port, name, state, word] = process.argv.slice(2);
const connection = new Redis({ port: Number(port), maxRetriesPerRequest: null });

function work() {
  let done = 0;
  const worker = new Worker(name, async () => { done += 1; }, {
    connection, concurrency: 20, removeOnComplete: { count: 0 }, skipStalledCheck: true,
  });
  worker.on('error', (error) => { console.error(error); process.exit(1); });
  setInterval(() => console.log(performance.now(), done), 100);
  process.stdin.on('end', () => process.exit(0)).resume();
}

async function scan() {
  const queue = new Queue(name, { connection, skipMetasUpdate: true });
  const started = performance.now();
  let looked = 0;
  let found = 0;
  for (;;) {
    const page = await queue.getJobs([state], looked, looked + 999);
    if (page.length === 0) break;
    looked += page.length;
    found += page.filter((job) => JSON.stringify(job.data).toLowerCase().includes(word.toLowerCase())).length;
  }
  const rss = process.memoryUsage().rss;
  console.log(JSON.stringify({ looked, found, seconds: (performance.now() - started) / 1000, rss }));
  process.exit(0);
}

await (act === 'work' ? work() : scan());
