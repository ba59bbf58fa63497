import type { Store } from 'jeton-client';
import type { CryptoKey, CryptoKeyPair } from 'oauth4webapi';

/** IndexedDB, which all tabs of an origin share. Its keys serve there, and no script can read them. */
export function browserStore(options?: { /** Absent: `jeton-client`. */ database?: string }): Store & {
  readonly isOfTabs: true;
  key(): Promise<CryptoKey>;
  /** For `dpop` of the client: the same in all tabs, and after a restart. */
  dpopKey(): Promise<CryptoKeyPair>;
};
