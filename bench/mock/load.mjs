// The load generator, a process of its own: 16 connections, each asking again as soon as it has its
// answer. Prints how many answers a second; any answer that is not a token is an error.
//
//   node bench/mock/load.mjs PORT SECONDS GRANT PROVIDER

import { grants } from './grants.mjs';
import { Connection } from './http.mjs';

const CONNECTIONS = 16;
const [port, seconds, grant, provider] = process.argv
  .slice(2)
  .map((argument, index) => (index === 2 ? argument : JSON.parse(argument)));

const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => Connection.open(port)));
let answers = 0;
const began = performance.now();
const ends = began + seconds * 1000;
await Promise.all(
  connections.map(async (connection) => {
    do {
      await grants[grant](connection, provider);
      answers += 1;
    } while (performance.now() < ends);
  }),
);
console.log((answers * 1000) / (performance.now() - began));
for (const connection of connections) connection.close();
