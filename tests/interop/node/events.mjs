/** Records every event a queue sends, as {event, jobId, …fields}, from the moment start() has answered. */
export class EventRecorder {
  #library;
  #target;
  #source;

  constructor(library, target) {
    this.#library = library;
    this.#target = target;
    this.received = [];
  }

  async start(options = {}) {
    if (this.#source) throw new Error(`events of ${this.#target.queue} are already recorded`);
    const record = (event) => this.received.push(event);
    this.#source = await this.#library.family.openEvents(this.#library, this.#target, options, record);
  }

  async stop() {
    await this.#source?.close();
    this.#source = undefined;
  }
}
