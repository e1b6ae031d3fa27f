/** The workers of one queue, and the truth about them: every run of every job, whatever Redis says. */
import { Gates } from './gates.mjs';
import { runScript } from './script.mjs';
import { method } from './unsupported.mjs';

export class Workers {
  #library;
  #target;
  #open = new Map();
  #started = 0;

  constructor(library, target) {
    this.#library = library;
    this.#target = target;
    this.gates = new Gates();
    this.truth = [];
    this.errors = [];
  }

  /** @returns {Promise<string>} the id of the new worker, ready to take jobs */
  async start({ id = `w${++this.#started}`, ...options } = {}) {
    if (this.#open.has(id)) throw new Error(`${this.#target.queue} has a worker ${id} already`);
    const worker = await this.#library.family.openWorker(this.#library, this.#target, {
      options,
      process: (job) => this.#run(id, job),
      onError: (error) => this.errors.push({ worker: id, message: String(error?.message ?? error) }),
    });
    this.#open.set(id, worker);
    return id;
  }

  /** One worker, or all. Without force it waits for the jobs that are running. */
  async stop(id, force) {
    await Promise.all(this.#chosen(id).map((each) => this.#take(each).close(force)));
  }

  /** The worker lets go of its connections and locks as a dying process would; its jobs stay active in Redis. */
  async kill(id) {
    const ids = this.#chosen(id);
    for (const run of this.truth) {
      if (ids.includes(run.worker) && run.outcome === null) finish(run, 'killed');
    }
    await Promise.all(ids.map((each) => this.#take(each).close(true)));
  }

  /** For the end of a test: whatever became of the worker before. */
  async close(id) {
    if (this.#open.has(id)) await this.stop(id, true);
  }

  call(id, name, args) {
    const worker = this.#worker(id);
    return this.#library.family.callWorker?.(worker.object, name, args) ?? method(worker.object, name)(...args);
  }

  async #run(worker, job) {
    const attempt = this.#library.family.attempt(this.#library, job);
    const run = newRun(worker, job, attempt);
    this.truth.push(run);
    try {
      const context = { attempt, gates: this.gates, library: this.#library };
      const result = await runScript(job, { ...context, worker: () => this.#worker(worker).object });
      finish(run, 'completed');
      return result;
    } catch (error) {
      finish(run, 'failed', error.message);
      throw error;
    }
  }

  #chosen(id) {
    return id ? [id] : [...this.#open.keys()];
  }

  #take(id) {
    const worker = this.#worker(id);
    this.#open.delete(id);
    return worker;
  }

  #worker(id) {
    const worker = this.#open.get(id);
    if (!worker) throw new Error(`${this.#target.queue} has no worker ${id}`);
    return worker;
  }
}

function newRun(worker, { id, name }, attempt) {
  return { worker, jobId: String(id), name, attempt, startedAt: Date.now(), finishedAt: null, outcome: null };
}

/** The first outcome stands: a killed run that its processor finishes later was still killed. */
function finish(run, outcome, error) {
  if (run.outcome === null) Object.assign(run, { outcome, error, finishedAt: Date.now() });
}
