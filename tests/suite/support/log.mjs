// What a host logs.

/** The first line of the log of `on` that has all these parts, once it is there: lines come by another way than answers. */
export async function logged(on, ...parts) {
  for (let waited = 0; waited < 5000; waited += 20) {
    const line = on.log().find((text) => parts.every((part) => text.includes(part)));
    if (line) return line;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no line with ${parts.join(' and ')}:\n${on.log().join('\n')}`);
}
