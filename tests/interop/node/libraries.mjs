/** The libraries by alias, loaded when first named, and the two words every family shares: Unsupported and method(). */
import { createRequire } from 'node:module';

import { bull } from './bull.mjs';
import { bullmq } from './bullmq.mjs';
import { Unsupported } from './unsupported.mjs';

export { Unsupported, method } from './unsupported.mjs';

const require = createRequire(import.meta.url);
const families = { bull, bullmq };
const loaded = new Map();

/** @returns {{alias: string, version: string, major: number, module: object, family: object}} */
export function library(alias) {
  if (!loaded.has(alias)) loaded.set(alias, load(alias));
  return loaded.get(alias);
}

function load(alias) {
  if (!/^bull(mq)?\d+$/.test(alias)) throw new Unsupported(`there is no library ${alias}`);
  const { name, version } = require(`${alias}/package.json`);
  return { alias, version, major: Number.parseInt(version, 10), module: require(alias), family: families[name] };
}
