/** A store of this process. What it holds is sealed with a key that nobody else has, where no other is given. */
export function memoryStore() {
  const records = new Map();
  let last = 0;
  const key = crypto.getRandomValues(new Uint8Array(32));
  return {
    async get(name) {
      return records.get(name);
    },
    async set(name, value, expected) {
      if (records.get(name)?.version !== expected) return false;
      if (value === undefined) records.delete(name);
      else records.set(name, { value, version: String(++last) });
      return true;
    },
    key: async () => key,
  };
}
