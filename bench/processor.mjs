// What processes use of the processor: where others use the machine too, it says more than how many answers
// come in a second. Linux.

import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used so far, in microseconds. */
export function used(pid) {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

/** The processes that this one has started. */
export const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');

/** Prints what `name` makes beside each of the others, by rate and by processor time. */
export function compare(name, rounds) {
  for (const other of Object.keys(rounds[0]).filter((one) => one !== name)) {
    for (const [what, ratio] of [
      ['rate', (round) => round[name].rate / round[other].rate],
      ['processor time', (round) => round[other].each / round[name].each],
      ['p99', (round) => round[name].p99 / round[other].p99],
    ]) {
      const ratios = rounds.map(ratio).sort((a, b) => a - b);
      const said = [ratios[0], ratios[ratios.length >> 1], ratios.at(-1)].map((number) => number.toFixed(3));
      console.log(`${name} by ${other}, ${what}: min ${said[0]}  median ${said[1]}  max ${said[2]}`);
    }
  }
}

/** Prints a round: what each has made. */
export function print(round) {
  const texts = Object.entries(round).map(
    ([name, { rate, each, p99 }]) => `${name} ${rate.toFixed(0)}/s, ${each.toFixed(1)} µs, p99 ${p99.toFixed(2)} ms`,
  );
  console.log(texts.join('  '));
}

/** What a run of wrk with `--latency` says of the process that answered, which had used `before`. */
export function measured(output, pid, before) {
  if (output.includes('FAILED') || /Non-2xx|Socket errors/.test(output)) throw new Error(output);
  const number = (pattern) => Number(output.match(pattern)[1]);
  const [, p99, unit] = output.match(/99%\s+([\d.]+)(us|ms|s)/);
  return {
    rate: number(/Requests\/sec:\s+([\d.]+)/),
    each: (used(pid) - before) / number(/(\d+) requests in/),
    p99: p99 * { us: 0.001, ms: 1, s: 1000 }[unit],
  };
}
