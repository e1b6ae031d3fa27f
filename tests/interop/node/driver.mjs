/**
 * The real Node libraries, commanded over JSON lines: one request a line on stdin, one answer a line on stdout.
 *
 *   {"id":1,"call":"queue.add","args":["hello",{}],
 *    "lib":"bullmq6","redis":{"port":6379},"prefix":"bull","queue":"mail"}
 *   {"id":1,"ok":{…}}  or  {"id":1,"error":{"name":"Unsupported","message":"…"}}
 *
 * Requests run side by side and answer as they finish. calls.mjs lists the calls. Whatever a library prints goes to
 * stderr, an unreachable Redis ends nothing, and the process ends when its stdin closes.
 */
import { createInterface } from 'node:readline';

import { perform } from './calls.mjs';

const answer = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

process.on('unhandledRejection', (reason) => console.error('unhandled rejection:', reason));
process.on('uncaughtException', (error) => console.error('uncaught exception:', error));
// A reader that is gone cannot be answered; stdin closes with it and ends us.
process.stdout.on('error', () => {});

async function respond(line) {
  const request = JSON.parse(line);
  let reply;
  try {
    reply = JSON.stringify({ id: request.id, ok: (await perform(request)) ?? null });
  } catch (error) {
    reply = JSON.stringify({ id: request.id, error: describe(error) });
  }
  answer(`${reply}\n`);
}

function describe(error) {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  return { name: error.name, message: error.message, code: error.code, stack: error.stack };
}

createInterface({ input: process.stdin }).on('line', respond).on('close', () => process.exit(0));
