/** How BullMQ 1 to 6 opens a queue, a worker, an event stream; and the few places where its versions differ by name. */
import Redis from 'ioredis';

import { method } from './unsupported.mjs';

/** Redis comes and goes in these tests: commands wait for it, and reconnecting is quick. */
const patient = { maxRetriesPerRequest: null, retryStrategy: () => 100 };

const settings = ({ redis, prefix }) => ({ connection: connection(redis), prefix });

/** Options, from which the library makes its own connections; a cluster's has to be made for it. */
function connection({ cluster, ...redis }) {
  return cluster ? clusterOf(redis) : { ...patient, ...redis };
}

const clusterOf = ({ host, port }) =>
  listening(new Redis.Cluster([{ host, port }], { redisOptions: patient, clusterRetryStrategy: () => 100 }));

/** Errors of a connection are emitted; one without a listener would end the process. */
function listening(object, onError = () => {}) {
  object.on('error', onError);
  return object;
}

const states = ['wait', 'active', 'delayed', 'completed', 'failed', 'paused', 'waiting-children'];

export const bullmq = {
  states: ({ major }) => (major < 4 ? states : [...states, 'prioritized']),

  openQueue: ({ module }, target, options) =>
    listening(new module.Queue(target.queue, { ...options, ...settings(target) })),

  openFlow: ({ module }, target) => listening(new module.FlowProducer(settings(target))),

  /** The constructor writes `meta` and lets nobody wait for it; a read on the same connection comes after. */
  async ready(queue) {
    await queue.waitUntilReady();
    await queue.queueMetaInitialized;
    await queue.isPaused();
  },

  async openEvents({ module }, target, options, record) {
    // '$' would be read when the first blocking read arrives, after events that the test has already caused.
    const lastEventId = options.lastEventId ?? (await newestEventId(target));
    const events = new module.QueueEvents(target.queue, { ...options, ...settings(target), lastEventId });
    const emit = events.emit.bind(events);
    events.emit = (event, ...args) => {
      if (!event.includes(':') && event !== 'error') record(named(event, args));
      return emit(event, ...args);
    };
    await listening(events).waitUntilReady();
    return events;
  },

  async openWorker(library, target, { options, process, onError }) {
    const { Worker } = library.module;
    const worker = listening(new Worker(target.queue, process, { ...options, ...settings(target) }), onError);
    const scheduler = library.major === 1 ? openScheduler(library, target, { options, onError }) : undefined;
    await worker.waitUntilReady();
    await scheduler?.waitUntilReady();
    return { object: worker, close: (force) => Promise.all([worker.close(force), scheduler?.close()]) };
  },

  callQueue: (queue, name, args) => method(queue, name)(...args),

  /** BullMQ 1 to 3 call it `update`. */
  callJob: (job, name, args) => method(job, name === 'updateData' && !job.updateData ? 'update' : name)(...args),

  /** Up to 4 the count goes up when an attempt starts, from 5 when it ends. */
  attempt: ({ major }, job) => (major < 5 ? job.attemptsMade : job.attemptsMade + 1),

  async goBack({ module }, job, { worker, limit, putOff }) {
    if (limit) await worker.rateLimit(limit);
    else await job.moveToDelayed(Date.now() + putOff, job.token);
    return limit ? new module.RateLimitError() : new module.DelayedError();
  },

  unrecoverable: ({ module }, _job, text) => new module.UnrecoverableError(text),
};

/** In BullMQ 1 delays, retries and stalled jobs need a process of their own. */
function openScheduler({ module }, target, { options: { stalledInterval, maxStalledCount }, onError }) {
  const chosen = Object.entries({ stalledInterval, maxStalledCount }).filter(([, value]) => value !== undefined);
  const scheduler = new module.QueueScheduler(target.queue, { ...Object.fromEntries(chosen), ...settings(target) });
  return listening(scheduler, onError);
}

async function newestEventId({ redis, prefix, queue }) {
  const client = redis.cluster ? clusterOf(redis) : new Redis({ ...patient, ...redis });
  try {
    const [newest] = await client.xrevrange(`${prefix}:${queue}:events`, '+', '-', 'COUNT', 1);
    return newest?.[0] ?? '0-0';
  } finally {
    client.disconnect();
  }
}

/** `drained` carries the id of its stream entry alone, all others fields and then the id. */
function named(event, args) {
  const [fields, streamId] = typeof args[0] === 'string' ? [{}, args[0]] : args;
  return { event, ...fields, streamId };
}
