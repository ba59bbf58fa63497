// Times measured in turn, so that what else the machine does meets all of them alike; the ratio of
// each round is what counts.

/**
 * Prints what each of `names` takes, and the ratio of each of `measured` to each of the others.
 *
 * @param {(name: string, round: number) => Promise<number>} time in milliseconds
 */
export async function turns(title, { names, measured, rounds, time }) {
  const times = Object.fromEntries(names.map((name) => [name, []]));
  // The first round warms up what measures.
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of round % 2 ? names : names.toReversed()) {
      const took = await time(name, round);
      if (round > 0) times[name].push(took);
    }
  }
  console.log(`\n${title}, medians of ${rounds} (fastest)`);
  console.log(
    names
      .map((name) => `${name} ${median(times[name]).toFixed(1)} ms (${Math.min(...times[name]).toFixed(1)})`)
      .join('  '),
  );
  for (const name of measured) {
    for (const beside of names.filter((other) => !measured.includes(other))) {
      const ratios = times[name].map((took, round) => took / times[beside][round]);
      const [least, middle, most] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map((x) => x.toFixed(2));
      console.log(`${name} / ${beside}: min ${least}  median ${middle}  max ${most}`);
    }
  }
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
