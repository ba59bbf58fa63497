import { bindingOf } from './binding.js';
import { challengeOf } from './challenge.js';
import { needs, refuseUnknown, satisfies } from './claims.js';
import { credentialsOf } from './credentials.js';
import { noncesOf } from './dpop.js';
import { EXPOSE, EXPOSED, NONCE, Refusal, ResourceServerError } from './error.js';
import { isForMetadata, METADATA_HEADERS, resourceOf } from './resource.js';
import { claimsOf } from './token.js';

/** An API as OAuth sees it: it takes the access tokens of one issuer that are for it. */
export class ResourceServer {
  #claims;
  #bound;
  #nonces;
  #clock;
  #resource;
  #certificate;

  constructor(options) {
    const {
      issuer,
      metadata,
      jwks_uri,
      jwks,
      audience,
      algorithms,
      leeway,
      introspection,
      resource,
      resource_metadata,
      dpopNonceSecret,
      replay,
      certificate,
      clock = () => Date.now(),
      fetch,
      ...unknown
    } = options;
    refuseUnknown(unknown);
    this.#clock = () => clock() / 1000;
    this.#claims = claimsOf(options, this.#clock);
    this.#resource = resourceOf(options);
    if (dpopNonceSecret !== undefined) this.#nonces = noncesOf(dpopNonceSecret, this.#clock);
    this.#bound = bindingOf(this.#clock, options, this.#resource, this.#nonces);
    this.#certificate = certificate;
  }

  /**
   * The claims of the token in the values of `Authorization`.
   * @throws {ResourceServerError} which has the answer to give
   */
  async verify(authorization, request = {}, need = {}) {
    const wanted = needs(need);
    let scheme;
    try {
      const credentials = credentialsOf(authorization);
      scheme = credentials.scheme;
      const claims = await this.#claims(credentials.token);
      await this.#bound(claims, credentials, request);
      satisfies(claims, wanted, this.#clock());
      return claims;
    } catch (error) {
      throw this.#refused(error, scheme, wanted, await this.#nonces?.());
    }
  }

  /** The same of a `Request`. */
  async verifyRequest(request, need) {
    const { method, url, headers } = request;
    const certificate = await this.certificate(request);
    return this.verify(headers.get('authorization'), { method, url, dpop: headers.get('dpop'), certificate }, need);
  }

  /** Holds verified claims against a need that was not known then. */
  require(claims, need) {
    const wanted = needs(need);
    try {
      satisfies(claims, wanted, this.#clock());
    } catch (error) {
      throw this.#refused(error, claims.cnf?.jkt ? 'dpop' : 'bearer', wanted);
    }
  }

  /** A handler for requests whose token holds. It is called with the claims after the request. */
  protect(handler, need) {
    needs(need);
    return async (request, ...rest) => {
      const document = this.metadataResponse(request);
      if (document) return document;
      let claims;
      try {
        claims = await this.verifyRequest(request, need);
      } catch (error) {
        if (error instanceof ResourceServerError) return error.response();
        throw error;
      }
      return exposed(await handler(request, claims, ...rest), await this.nonce(claims));
    };
  }

  /** RFC 9728: `path`, `url` and `document`; nothing where the resource is no URL. */
  metadata() {
    return this.#resource;
  }

  /** The document, where a `Request` is for it. */
  metadataResponse({ method, url }) {
    if (!isForMetadata(this, method, url)) return undefined;
    return Response.json(this.#resource.document, { headers: METADATA_HEADERS });
  }

  /** What the option of this name finds in a request; without the option, what the other function finds. */
  certificate(request, otherwise) {
    return (this.#certificate ?? otherwise)?.(request);
  }

  /** `DPoP-Nonce` of an answer to these claims, for the next proof; nothing where none is wanted. */
  async nonce({ cnf }) {
    return cnf?.jkt && this.#nonces?.();
  }

  /** A failure as an answer. Any other error is not the request's, and stays what it is. */
  #refused(error, scheme, wanted, nonce) {
    if (!(error instanceof Refusal)) return error;
    return new ResourceServerError(error, challengeOf(error.code, scheme, wanted, this.#resource?.url), nonce);
  }
}

/** An answer of the application, whose headers may not be ours to change. */
function exposed(response, nonce) {
  try {
    response.headers.append(EXPOSE, EXPOSED[EXPOSE]);
    if (nonce) response.headers.set(NONCE, nonce);
    return response;
  } catch {
    // `Response.error()` has no status to copy.
    return response.status ? exposed(new Response(response.body, response), nonce) : response;
  }
}
