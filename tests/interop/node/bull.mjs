/** How Bull 3 and 4 open a queue, a worker, an event subscription; and BullMQ's names for what Bull calls otherwise. */
import { method, Unsupported } from './unsupported.mjs';

const patient = { maxRetriesPerRequest: null, retryStrategy: () => 100 };

/** The options that Bull wants inside `settings`. */
const tuned = [
  'lockDuration', 'lockRenewTime', 'stalledInterval', 'maxStalledCount',
  'guardInterval', 'retryProcessDelay', 'drainDelay', 'backoffStrategies',
];

/** The global events, each with the names of what Bull sends after the job id; BullMQ's names. */
const broadcasts = {
  waiting: [], active: ['prev'], stalled: [], delayed: [], duplicated: [], debounced: [], removed: [],
  progress: ['data'], completed: ['returnvalue'], failed: ['failedReason'],
  paused: null, resumed: null, drained: null,
};

function open({ module: Queue }, { queue, redis, prefix }, options) {
  const opened = new Queue(queue, { ...options, redis: { ...patient, ...redis }, prefix });
  return opened.on('error', () => {});
}

export const bull = {
  states: () => ['wait', 'active', 'delayed', 'completed', 'failed', 'paused'],

  openQueue: open,

  openFlow({ alias }) {
    throw new Unsupported(`${alias} has no flows`);
  },

  ready: (queue) => queue.isReady(),

  async openEvents(library, target, _options, record) {
    const queue = open(library, target, {});
    const subscribed = Object.entries(broadcasts).map(([event, names]) => {
      const registered = new Promise((resolve) => queue.once(`registered:global:${event}`, resolve));
      queue.on(`global:${event}`, (...args) => record(named(event, names, args)));
      return registered;
    });
    await Promise.all(subscribed);
    return queue;
  },

  async openWorker(library, target, { options, process, onError }) {
    const { concurrency = 1, settings, ...rest } = options;
    const inside = Object.fromEntries(tuned.filter((name) => name in rest).map((name) => [name, rest[name]]));
    const queue = open(library, target, { ...rest, settings: { ...inside, ...settings } });
    queue.on('error', onError);
    await queue.isReady();
    // process() sets the name too, but lets nobody wait for it.
    await queue.setWorkerName();
    queue.process('*', concurrency, process).catch(onError);
    return { object: queue, close: (force) => queue.close(force) };
  },

  callQueue: (queue, name, args) =>
    Object.hasOwn(asQueue, name) ? asQueue[name](queue, args) : method(queue, name)(...args),

  callJob: (job, name, args) => method(job, asJob[name] ?? name)(...args),

  /** A Bull worker is a queue object: its plain pause() would pause the queue for everybody. */
  callWorker: (queue, name) => (['pause', 'resume'].includes(name) ? queue[name](true) : undefined),

  attempt: (_library, job) => job.attemptsMade + 1,

  async unrecoverable(_library, job, text) {
    await job.discard();
    return new Error(text);
  },
};

/** Calls with BullMQ's names and order of arguments. */
const asQueue = {
  add: (queue, [name, data, opts]) => (name === null ? queue.add(data, opts) : queue.add(name, data, opts)),
  drain: (queue) => queue.empty(),
  clean: (queue, [grace, limit, type]) => queue.clean(grace, type === 'waiting' ? 'wait' : type, limit),
  remove: async (queue, [id]) => (await queue.getJob(id))?.remove(),
};

const asJob = { updateProgress: 'progress', updateData: 'update' };

function named(event, names, args) {
  if (names === null) return { event };
  const [jobId, ...values] = args;
  const fields = Object.fromEntries(names.map((name, index) => [name, values[index]]));
  if (event === 'completed') fields.returnvalue = JSON.parse(fields.returnvalue ?? 'null');
  return { event, jobId: String(jobId), ...fields };
}
