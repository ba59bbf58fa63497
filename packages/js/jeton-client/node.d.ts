import type { PlatformSource, Store } from 'jeton-client';

/** A folder that processes share, made where it is missing. The session needs a key. */
export function folderStore(path: string): Store;

/** The file that a platform renews, as Kubernetes does: read each time that it is needed. */
export function file(path: string): PlatformSource;

/** A job of GitHub Actions with `permissions: { id-token: write }`. Absent audience: the issuer. */
export function githubActions(options?: { audience?: string }): PlatformSource;

/** A role of AWS, by `sts:GetWebIdentityToken`. Absent audience: the issuer. */
export function aws(options?: {
  audience?: string;
  /** Absent: ES384. */
  algorithm?: 'ES384' | 'RS256';
  /** Absent: `new STS()` of `@aws-sdk/client-sts`, which the application installs. */
  sts?: {
    getWebIdentityToken(request: {
      Audience: string[];
      SigningAlgorithm: string;
      DurationSeconds: number;
    }): Promise<{ WebIdentityToken?: string | undefined }>;
  };
}): PlatformSource;
