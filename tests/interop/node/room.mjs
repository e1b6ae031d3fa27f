/** Everything opened for one queue of one library: its queue object, flow producer, event recorder and workers. */
import { EventRecorder } from './events.mjs';
import { Unsupported } from './unsupported.mjs';
import { Workers } from './workers.mjs';

export class Room {
  #library;
  #target;
  #queue;
  #ready;
  #flow;

  constructor(library, target) {
    this.#library = library;
    this.#target = target;
    this.events = new EventRecorder(library, target);
    this.workers = new Workers(library, target);
  }

  /** Opening again with other options replaces the queue object, as restarting a producer would. */
  async openQueue(options = {}) {
    await this.closeQueue();
    await this.#construct(options);
  }

  async closeQueue() {
    const queue = this.#queue;
    this.#queue = undefined;
    await queue?.close();
  }

  async ids(state, start, end, asc) {
    const key = state === 'waiting' ? 'wait' : state;
    if (!this.#library.family.states(this.#library).includes(key)) {
      throw new Unsupported(`${this.#library.alias} has no state ${state}`);
    }
    return (await this.#producer()).getRanges([key], start, end, asc);
  }

  async callQueue(name, args) {
    return this.#library.family.callQueue(await this.#producer(), name, args);
  }

  async callJob(id, name, args) {
    const job = await (await this.#producer()).getJob(id);
    if (!job) throw new JobNotFound(`${this.#target.queue} has no job ${id}`);
    return this.#library.family.callJob(job, name, args);
  }

  flow() {
    return (this.#flow ??= this.#open('openFlow', {}));
  }

  async close() {
    const closing = [this.workers.stop(undefined, true), this.events.stop(), this.closeQueue(), this.#flow?.close()];
    await Promise.allSettled(closing);
  }

  async #producer() {
    if (!this.#queue) this.#construct({});
    await this.#ready;
    return this.#queue;
  }

  #construct(options) {
    this.#queue = this.#open('openQueue', options);
    this.#ready = this.#library.family.ready(this.#queue);
    return this.#ready;
  }

  #open(what, options) {
    return this.#library.family[what](this.#library, this.#target, options);
  }
}

class JobNotFound extends Error {
  name = 'JobNotFound';
}
