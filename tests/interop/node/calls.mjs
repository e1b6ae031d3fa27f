/**
 * The calls, by group. Any other goes to the library's own method of that name, with BullMQ's arguments, so that
 * `queue.getRateLimitTtl` and `job.getDependencies` need no line here; what a library lacks answers Unsupported.
 *
 *   driver  ping, version, reset (closes all that is open, forcibly)
 *   queue   open [options], close, ids [state, start, end, asc], and every method of the library's queue
 *   job     every method of the library's job: [jobId, ...args]
 *   flow    add, addBulk, and every method of FlowProducer
 *   events  start [options], read, stop
 *   worker  start [options], stop [id, force], kill [id], close [id], release [token], held, truth, errors,
 *           and every method of the library's worker: [id, ...args]
 */
import { Unsupported, library, method } from './libraries.mjs';
import { Room } from './room.mjs';

const rooms = new Map();

const groups = {
  driver: {
    ping: () => ({ pid: process.pid }),
    version: (target) => library(target.lib).version,
    reset: closeRooms,
  },
  queue: {
    open: (target, options) => room(target).openQueue(options),
    close: (target) => room(target).closeQueue(),
    ids: (target, state, start = 0, end = -1, asc = true) => room(target).ids(state, start, end, asc),
  },
  job: {},
  flow: {},
  events: {
    start: (target, options) => room(target).events.start(options),
    read: (target) => room(target).events.received,
    stop: (target) => room(target).events.stop(),
  },
  worker: {
    start: (target, options) => room(target).workers.start(options),
    stop: (target, id, force = false) => room(target).workers.stop(id, force),
    kill: (target, id) => room(target).workers.kill(id),
    close: (target, id) => room(target).workers.close(id),
    release: (target, token) => room(target).workers.gates.release(token),
    held: (target) => room(target).workers.gates.held(),
    truth: (target) => room(target).workers.truth,
    errors: (target) => room(target).workers.errors,
  },
};

const passedOn = {
  queue: (target, name, args) => room(target).callQueue(name, args),
  job: (target, name, [id, ...args]) => room(target).callJob(id, name, args),
  flow: (target, name, args) => method(room(target).flow(), name)(...args),
  worker: (target, name, [id, ...args]) => room(target).workers.call(id, name, args),
};

export async function perform({ call, args = [], ...target }) {
  const [group, name] = call.split('.');
  if (Object.hasOwn(groups[group] ?? {}, name)) return groups[group][name](target, ...args);
  if (!Object.hasOwn(passedOn, group)) throw new Unsupported(`there is no call ${call}`);
  return passedOn[group](target, name, args);
}

function room({ lib, redis, prefix = 'bull', queue }) {
  const key = JSON.stringify([lib, redis, prefix, queue]);
  if (!rooms.has(key)) rooms.set(key, new Room(library(lib), { redis, prefix, queue }));
  return rooms.get(key);
}

async function closeRooms() {
  const closing = [...rooms.values()];
  rooms.clear();
  await Promise.allSettled(closing.map((each) => each.close()));
}
