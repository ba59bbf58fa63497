// A reporter for `node --test`: one JSON line per result, for counting. People read the spec
// reporter beside it.

export default async function* (events) {
  const path = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      path.length = data.nesting;
      path.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const outcome = outcomeOf(type, data);
    if (!outcome) continue;
    const name = [...path.slice(0, data.nesting), data.name].join(' > ');
    yield `${JSON.stringify({ outcome, name })}\n`;
  }
}

function outcomeOf(type, data) {
  if (data.skip !== undefined || data.todo !== undefined) return 'skipped';
  // Node reports a file as a test of its own where nothing in it was reported.
  const wholeFile = data.nesting === 0 && data.name === data.file;
  const suite = data.details?.type === 'suite';
  if (type === 'test:pass') return suite || wholeFile ? undefined : 'passed';
  // What failed inside a suite is reported itself; a hook that failed is not.
  const inside = data.details?.error?.failureType === 'subtestsFailed';
  return suite && inside ? undefined : 'failed';
}
