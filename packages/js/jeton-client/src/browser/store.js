// A store that all tabs of an origin share: IndexedDB, and in it keys whose bytes no script can read.

const RECORDS = 'records';
const KEYS = 'keys';

export function browserStore({ database = 'jeton-client' } = {}) {
  let opening;
  const open = () => {
    const forget = () => {
      opening = undefined;
    };
    opening ??= opened(database, forget).catch((error) => {
      forget();
      throw error;
    });
    return opening;
  };

  /** One transaction: what `change` makes of the value that stands is put in its place, unless that is `keep`. */
  const change = async (place, name, make) => {
    const db = await open();
    return new Promise((resolve, reject) => {
      const transaction = db.transaction(place, 'readwrite', { durability: 'strict' });
      const records = transaction.objectStore(place);
      const request = records.get(name);
      let result;
      request.onsuccess = () => {
        const { put, remove, answer } = make(request.result);
        if (put !== undefined) records.put(put, name);
        if (remove) records.delete(name);
        result = answer;
      };
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error);
    });
  };

  /** The one that is there, or a new one: the first that was put counts. */
  const kept = async (name, generate) => {
    const there = await change(KEYS, name, (answer) => ({ answer }));
    if (there) return there;
    // Made before the transaction, which does not wait for it.
    const made = await generate();
    return change(KEYS, name, (answer) => (answer ? { answer } : { put: made, answer: made }));
  };

  return {
    /** Who has the Web Lock of a session is alone with it. */
    isOfTabs: true,
    get: (name) => change(RECORDS, name, (answer) => ({ answer })),
    set: (name, value, expected) =>
      change(RECORDS, name, (record) => {
        if (record?.version !== expected) return { answer: false };
        // Never again the same, though the record goes and comes.
        return value === undefined
          ? { remove: true, answer: true }
          : { put: { value, version: randomVersion() }, answer: true };
      }),
    key: () =>
      kept('seal', () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])),
    dpopKey: () =>
      kept('dpop', () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])),
  };
}

const randomVersion = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

function opened(database, forget) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(RECORDS);
      request.result.createObjectStore(KEYS);
    };
    request.onsuccess = () => {
      const db = request.result;
      db.onclose = forget;
      // Another tab has a newer version, or removes it.
      db.onversionchange = () => {
        db.close();
        forget();
      };
      resolve(db);
    };
    request.onerror = () => reject(request.error);
  });
}
