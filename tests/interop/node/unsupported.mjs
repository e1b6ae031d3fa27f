/** What a library of this version or family does not have. */
export class Unsupported extends Error {
  name = 'Unsupported';
}

/** The bound method of that name, or Unsupported. */
export function method(object, name) {
  if (typeof object[name] !== 'function') throw new Unsupported(`${object.constructor.name} has no ${name}`);
  return object[name].bind(object);
}
