/**
 * What a job does when a worker runs it stands in its own data: `data.script`, one step or a list of steps.
 *
 *   {"log":["a","b"]}  {"progress":[1,{"step":2},33.33]}   with "every":ms between the entries
 *   {"hold":"token"}   waits for `worker.release token`
 *   {"sleep":ms}       {"block":ms}: the process does nothing else meanwhile: no lock is renewed, no call answered
 *   {"fail":"text"}    or {"fail":{"message","name","stack"}}; {"failTimes":2} fails the first two attempts only
 *   {"unrecoverable":"text"}   fails without further attempts
 *   {"limit":ms}       {"putOff":ms}: the first time only: goes back for the worker's rate limit, or delays itself
 *   {"return":value}   the job's result
 *
 * A step with several of these does them in that order.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export async function runScript(job, context) {
  const steps = [job.data?.script ?? {}].flat();
  let result = null;
  for (const step of steps) {
    await report(job, step, context.library);
    await dwell(job, step, context.gates);
    await goBackIfTold(job, step, context);
    await failIfTold(job, step, context);
    if ('return' in step) result = step.return;
  }
  return result;
}

async function report(job, { log = [], progress = [], every = 0 }, { family }) {
  for (const row of log) {
    await job.log(row);
    if (every) await sleep(every);
  }
  for (const value of progress) {
    await family.callJob(job, 'updateProgress', [value]);
    if (every) await sleep(every);
  }
}

async function dwell(job, step, gates) {
  if ('hold' in step) await gates.wait(step.hold, job.id);
  if (step.sleep) await sleep(step.sleep);
  if (step.block) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, step.block);
}

/** Neither counts as an attempt, so what was done already is remembered here. */
const gone = new Set();

async function goBackIfTold(job, step, { library, worker }) {
  const once = `${job.queueName}:${job.id}:${job.timestamp}`;
  if (!('limit' in step || 'putOff' in step) || gone.has(once)) return;
  gone.add(once);
  throw await library.family.goBack(library, job, { worker: worker(), ...step });
}

async function failIfTold(job, step, { attempt, library }) {
  if ('unrecoverable' in step) throw await library.family.unrecoverable(library, job, step.unrecoverable);
  const told = 'fail' in step || 'failTimes' in step;
  if (!told || attempt > (step.failTimes ?? Infinity)) return;
  throw failure(step.fail ?? `failed on attempt ${attempt}, as told`);
}

function failure(told) {
  const { message, ...rest } = typeof told === 'string' ? { message: told } : told;
  return Object.assign(new Error(message), rest);
}
