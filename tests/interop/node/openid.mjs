// A real OpenID provider on a free port, for people that the first line of stdin tells of:
// {"client": {…}, "people": {login: claims}}. Prints its issuer. Of further lines `rotate` gives it other keys, `leave`
// ends every connection and each that comes, until `return`. Ends with its stdin.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = JSON.parse((await lines.next()).value);

function key() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
}

function person(_, id) {
  const claims = told.people[id];
  return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
}

const server = createServer((request, response) => answer(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const issuer = `http://127.0.0.1:${server.address().port}`;
let answer;
let away = false;
server.on("connection", (socket) => away && socket.destroy());

function start() {
  const provider = new Provider(issuer, {
    clients: [told.client],
    findAccount: person,
    jwks: { keys: [key()] },
    cookies: { keys: ["a", "b"] },
    scopes: ["openid", "email", "groups"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    ttl: { Session: 600, Interaction: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
  });
  answer = provider.callback();
}

start();
console.log(issuer);
for await (const line of { [Symbol.asyncIterator]: () => lines }) {
  if (line === "rotate") {
    start();
  } else {
    away = line === "leave";
    server.closeAllConnections();
  }
  console.log(`done: ${line}`);
}
server.closeAllConnections();
server.close();
