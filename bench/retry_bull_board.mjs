/** Bull Board's own "retry all" of a queue's failed jobs, by the handler that its button calls; or, where its package is
 * not there, what that handler does: node retry_bull_board.mjs PORT QUEUE BOARD, the folder it is installed in or "". */
import { createRequire } from 'node:module';
import { join } from 'node:path';

const PAGE = 100;
const [port, name, board] = process.argv.slice(2);
const library = createRequire(new URL('../tests/interop/package.json', import.meta.url));
const { Queue } = library('bullmq6');
const queue = new Queue(name, { connection: { port: Number(port) }, skipMetasUpdate: true });
await queue.waitUntilReady();

function bullBoard() {
  const api = join(board, 'node_modules', '@bull-board', 'api');
  const installed = createRequire(join(api, 'package.json'));
  const { BullMQAdapter } = installed(join(api, 'dist', 'queueAdapters', 'bullMQ.js'));
  const { retryAllHandler } = installed(join(api, 'dist', 'handlers', 'retryAll.js'));
  const queues = new Map([[name, new BullMQAdapter(queue)]]);
  const request = { params: { queueName: name, queueStatus: 'failed' }, queues, query: {} };
  const { version } = installed(join(api, 'package.json'));
  return { how: `Bull Board ${version}`, run: async () => (await retryAllHandler(request)).body.retried };
}

async function asItDoes() {
  let retried = 0;
  for (;;) {
    const jobs = await queue.getFailed(0, PAGE - 1);
    if (!jobs.length) return retried;
    await Promise.all(jobs.map((job) => job.retry('failed')));
    retried += jobs.length;
  }
}

const { how, run } = board ? bullBoard() : { how: 'job.retry() of BullMQ 6, as Bull Board calls it', run: asItDoes };
const started = performance.now();
const retried = await run();
console.log(JSON.stringify({ how, seconds: (performance.now() - started) / 1000, retried }));
process.exit(0);
