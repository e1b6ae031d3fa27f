/** Where jobs wait for the test. A token released once stays open, so releasing before the job arrives is no race. */
export class Gates {
  #gates = new Map();

  async wait(token, jobId) {
    const gate = this.#gate(token);
    gate.jobs.push(String(jobId));
    await gate.opened;
  }

  /** @returns {string[]} the ids of the jobs that were waiting */
  release(token) {
    const gate = this.#gate(token);
    gate.open();
    return gate.jobs.splice(0);
  }

  /** @returns {{token: string, jobId: string}[]} */
  held() {
    return [...this.#gates].flatMap(([token, gate]) => gate.jobs.map((jobId) => ({ token, jobId })));
  }

  #gate(token) {
    if (!this.#gates.has(token)) this.#gates.set(token, newGate());
    return this.#gates.get(token);
  }
}

function newGate() {
  const gate = { jobs: [] };
  gate.opened = new Promise((resolve) => (gate.open = resolve));
  return gate;
}
