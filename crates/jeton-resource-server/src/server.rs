//! The resource server.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use jsonwebtoken::Algorithm;
use url::Url;

use crate::{
    builder::Builder,
    cached::Cached,
    challenge::Challenge,
    claims::{Claims, Confirmation, Unverified},
    credentials::{Credentials, Scheme},
    discovery::Discovery,
    dpop::{self, nonce::Nonces, replay::ReplayStore},
    encoding::base64url,
    error::{Code, Error, Failure, Refusal},
    http::BoxFuture,
    introspection::Introspection,
    jwt::{Jwt, LARGEST},
    keys::KeySet,
    metadata::ProtectedResourceMetadata,
    need::Need,
    outbound::Outbound,
};

/// `DPoP-Nonce` (RFC 9449 §8.1).
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// An API that takes the access tokens of one issuer. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct ResourceServer(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    pub(crate) algorithms: Arc<[Algorithm]>,
    /// For `exp`, `nbf` and `iat`, in seconds.
    pub(crate) leeway: u64,
    /// Of which the origin is that of the URLs that clients see. Without it no proof of DPoP holds.
    pub(crate) origin: Option<Url>,
    pub(crate) metadata: Option<ProtectedResourceMetadata>,
    pub(crate) outbound: Arc<Outbound>,
    pub(crate) discovery: Arc<Discovery>,
    pub(crate) keys: Keys,
    pub(crate) introspection: Option<Arc<Introspection>>,
    pub(crate) nonces: Option<Nonces>,
    pub(crate) replay: Arc<dyn ReplayStore>,
}

/// Where the keys of the issuer are from.
pub(crate) enum Keys {
    Given(Arc<KeySet>),
    Fetched {
        /// Where it is not that of the metadata.
        uri: Option<String>,
        cached: Arc<Cached<KeySet>>,
    },
}

impl ResourceServer {
    /// An API for the tokens of `issuer` (its identifier, to the character) that are for `audience`.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> Builder {
        Builder::new(issuer.into(), audience.into())
    }

    /// Verifies the token of a request: that it is an access token of the issuer for this API, that it
    /// counts now, and that the request proves to have the key that it is bound to.
    ///
    /// With keys that are known it asks nobody, and its future is ready when it is first polled.
    ///
    /// # Errors
    /// The request is to be refused, by [`Error::status`] and [`Error::headers`].
    pub async fn verify(&self, credentials: &Credentials<'_>) -> Result<Claims, Error> {
        let verified = self.0.verify(credentials).await;
        verified.map_err(|refusal| self.error(refusal, credentials.scheme(), None))
    }

    /// Verifies the token of a request, and that it has what `need` says.
    ///
    /// # Errors
    /// As [`verify`](Self::verify) and [`require`](Self::require).
    pub async fn authorize(
        &self,
        credentials: &Credentials<'_>,
        need: &Need,
    ) -> Result<Claims, Error> {
        let refuse = |refusal| self.error(refusal, credentials.scheme(), Some(need));
        let claims = self.0.verify(credentials).await.map_err(refuse)?;
        self.0.require(&claims, need).map_err(refuse)?;
        Ok(claims)
    }

    /// Whether the token of `claims`, which was verified, has what `need` says.
    ///
    /// # Errors
    /// [`InsufficientScope`](Code::InsufficientScope) or
    /// [`InsufficientUserAuthentication`](Code::InsufficientUserAuthentication).
    pub fn require(&self, claims: &Claims, need: &Need) -> Result<(), Error> {
        let bound = claims.cnf.as_ref().is_some_and(|cnf| cnf.jkt.is_some());
        let scheme = if bound { Scheme::Dpop } else { Scheme::Bearer };
        let required = self.0.require(claims, need);
        required.map_err(|refusal| self.error(refusal, scheme, Some(need)))
    }

    /// The metadata of this API (RFC 9728), if its resource is a URL.
    #[must_use]
    pub fn metadata(&self) -> Option<&ProtectedResourceMetadata> {
        self.0.metadata.as_ref()
    }

    /// The nonce for proofs of DPoP, if this API wants any: for `DPoP-Nonce` of answers.
    #[must_use]
    pub fn dpop_nonce(&self) -> Option<String> {
        let nonces = self.0.nonces.as_ref()?;
        Some(nonces.current(self.0.outbound.now()))
    }

    /// An error with the headers of its answer.
    fn error(&self, refusal: Refusal, scheme: Scheme, need: Option<&Need>) -> Error {
        let mut headers = HeaderMap::new();
        let code = refusal.code;
        let bearer = scheme == Scheme::Bearer && !refusal.by_dpop;
        if code.status().is_client_error() {
            let mut challenge = |scheme, algorithms: Option<&str>| {
                let challenge = self.challenge(scheme, code, need);
                let value = challenge.with("algs", algorithms).value();
                value.map(|value| headers.append(header::WWW_AUTHENTICATE, value));
            };
            if bearer || code == Code::MissingToken {
                challenge("Bearer", None);
            }
            // Who has no token yet learns of both ways.
            if !bearer || code == Code::MissingToken {
                challenge("DPoP", Some(&dpop::algorithms()));
                let nonce = self.dpop_nonce().and_then(|nonce| nonce.parse().ok());
                headers.extend(nonce.map(|nonce: HeaderValue| (DPOP_NONCE, nonce)));
            }
        }
        Error::new(refusal, headers)
    }

    fn challenge(&self, scheme: &str, code: Code, need: Option<&Need>) -> Challenge {
        let error = Some(code.error()).filter(|error| !error.is_empty());
        let step_up = need.filter(|_| code == Code::InsufficientUserAuthentication);
        let acr_values = step_up.and_then(|need| need.acr_values.as_ref());
        let acr_values = acr_values.map(|values| values.join(" "));
        let max_age = step_up.and_then(|need| need.max_age);
        let scope = need.and_then(Need::scopes);
        let metadata = self
            .0
            .metadata
            .as_ref()
            .map(|metadata| metadata.url.as_str());
        Challenge::new(scheme)
            .with("error", error)
            .with("error_description", error.map(|_| code.description()))
            .with("scope", scope.as_deref())
            .with("acr_values", acr_values.as_deref())
            .with(
                "max_age",
                max_age.map(|seconds| seconds.to_string()).as_deref(),
            )
            .with("resource_metadata", metadata)
    }
}

impl Inner {
    async fn verify(&self, credentials: &Credentials<'_>) -> Result<Claims, Refusal> {
        let (scheme, token) = credentials.token()?;
        if token.len() > LARGEST {
            return Err(Code::TooLarge.into());
        }
        let now = self.outbound.now();
        let is_jwt = token.bytes().filter(|byte| *byte == b'.').count() == 2;
        let claims = match &self.introspection {
            _ if is_jwt => self.jwt(token, now).await?,
            Some(introspection) => introspection.claims(token, now).await?,
            None => return Err(Code::Malformed.into()),
        };
        self.check_times(&claims, now)?;
        self.check_binding(&claims, scheme, token, credentials, now)
            .await?;
        Ok(claims)
    }

    /// The claims of a JWT of the issuer for this API. Times are not checked.
    async fn jwt(&self, token: &str, now: u64) -> Result<Claims, Refusal> {
        let mut buffer = vec![0; token.len()];
        let jwt = Jwt::decode(token, &mut buffer).ok_or(Code::Malformed)?;
        let algorithm = jwt.header.algorithm(&self.algorithms)?;
        if jwt.signature.is_empty() {
            return Err(Code::Unsigned.into());
        }
        if !jwt.header.has_type("at+jwt") {
            return Err(Code::WrongType.into());
        }
        let known = self.known_keys(now);
        let keys = match &known {
            Some(keys) => Arc::clone(keys),
            None => self.keys(now).await?,
        };
        match keys.verify(&jwt, algorithm) {
            Err(Code::UnknownKey) => {
                // Not its fault that the key is unknown, if it is not this issuer's at all: nothing is
                // fetched for those.
                self.parse(jwt.payload)?;
                // Those that were fetched just now have no more to say.
                let newer = match (known, self.known_keys(now)) {
                    (None, Some(_)) => None,
                    _ => self.renewed_keys(&keys, now).await?,
                };
                newer.ok_or(Code::UnknownKey)?.verify(&jwt, algorithm)?;
            }
            verified => verified?,
        }
        let claims = self.parse(jwt.payload)?;
        if !claims.aud.iter().any(|aud| self.audience.contains(aud)) {
            return Err(Code::WrongAudience.into());
        }
        if claims.exp.is_none() {
            return Err(Refusal::new(Code::Malformed, "the access token has no exp"));
        }
        Ok(claims)
    }

    /// The claims in a payload, of which the issuer alone is checked.
    fn parse(&self, payload: &[u8]) -> Result<Claims, Refusal> {
        // The text of the parser is dropped: it can quote the token.
        let Unverified { iss, mut claims } =
            serde_json::from_slice(payload).map_err(|_| Code::Malformed)?;
        match iss {
            Some(iss) if iss == self.issuer => claims.iss = iss,
            _ => return Err(Code::WrongIssuer.into()),
        }
        Ok(claims)
    }

    fn check_times(&self, claims: &Claims, now: u64) -> Result<(), Refusal> {
        if let Some(exp) = claims.exp
            && now >= exp.saturating_add(self.leeway)
        {
            let why = format!(
                "the access token expired {} s ago: is a clock off?",
                now - exp
            );
            return Err(Refusal::new(Code::Expired, why).with_note(self.outbound.note()));
        }
        for time in [claims.nbf, claims.iat].into_iter().flatten() {
            if time > now.saturating_add(self.leeway) {
                let why = format!(
                    "the access token is valid in {} s: is a clock off?",
                    time - now
                );
                return Err(Refusal::new(Code::NotYetValid, why).with_note(self.outbound.note()));
            }
        }
        Ok(())
    }

    /// Whether the request has the keys that the token is bound to.
    async fn check_binding(
        &self,
        claims: &Claims,
        scheme: Scheme,
        token: &str,
        credentials: &Credentials<'_>,
        now: u64,
    ) -> Result<(), Refusal> {
        let Confirmation { jkt, x5t_s256 } = match &claims.cnf {
            Some(cnf) => cnf,
            None if scheme == Scheme::Bearer => return Ok(()),
            None => &Confirmation::default(),
        };
        if let Some(x5t) = x5t_s256 {
            let Some(certificate) = credentials.certificate else {
                let why = "the access token is bound to a certificate, and the client has none";
                return Err(Refusal::new(Code::WrongCertificate, why));
            };
            if base64url(certificate) != *x5t {
                return Err(Code::WrongCertificate.into());
            }
        }
        match (jkt, scheme) {
            (Some(jkt), Scheme::Dpop) => self.check_proof(jkt, token, credentials, now).await,
            (Some(_), Scheme::Bearer) => Err(Refusal::from(Code::BoundToken).by_dpop()),
            (None, Scheme::Bearer) if x5t_s256.is_some() => Ok(()),
            (None, Scheme::Bearer) => {
                let why = "the access token is bound in a way that is unknown here";
                Err(Refusal::new(Code::BoundToken, why))
            }
            (None, Scheme::Dpop) => {
                let why = "the access token is not bound to a DPoP key: send it as Bearer";
                Err(Refusal::new(Code::BoundToken, why))
            }
        }
    }

    async fn check_proof(
        &self,
        jkt: &str,
        token: &str,
        credentials: &Credentials<'_>,
        now: u64,
    ) -> Result<(), Refusal> {
        let proof = credentials.proof()?;
        let (Some(origin), false) = (&self.origin, credentials.url.is_empty()) else {
            let why =
                "DPoP needs the public URL of this API, `resource`, and the URL of the request";
            return Err(Refusal::new(Code::InvalidConfiguration, why));
        };
        let Some(url) = dpop::requested(origin, credentials.url) else {
            let why = "the URL of the request cannot be read";
            return Err(Refusal::new(Code::InvalidDpopProof, why));
        };
        let expected = dpop::Expected {
            method: credentials.method,
            url: &url,
            token,
            jkt,
            now,
        };
        let proof = dpop::check(proof, &expected, self.nonces.as_ref())?;
        match self.replay.first_use(proof.id, proof.expires_at, now).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let why = "the jti of the DPoP proof was used before";
                Err(Refusal::new(Code::InvalidDpopProof, why))
            }
            Err(error) => {
                let failure = Failure::server(error.to_string());
                Err(Refusal::unavailable(Code::ReplayUnavailable, failure))
            }
        }
    }

    fn require(&self, claims: &Claims, need: &Need) -> Result<(), Refusal> {
        if need.is_impossible() {
            let why = "any_scope or acr_values of a Need is empty: nothing would do";
            return Err(Refusal::new(Code::InvalidConfiguration, why));
        }
        let has = |scope: &String| claims.scope.contains(scope);
        let any = need
            .any_scope
            .as_ref()
            .is_none_or(|any| any.iter().any(has));
        if !any || !need.scope.iter().all(has) {
            return Err(Code::InsufficientScope.into());
        }
        let step_up = |why| Err(Refusal::new(Code::InsufficientUserAuthentication, why));
        let reached =
            |wanted: &Vec<String>| claims.acr.as_ref().is_some_and(|acr| wanted.contains(acr));
        if !need.acr_values.as_ref().is_none_or(reached) {
            return step_up("the acr of the access token is not one of those that are needed");
        }
        if let Some(max_age) = need.max_age {
            let latest = claims.auth_time.map(|time| time.saturating_add(max_age));
            if latest.is_none_or(|latest| latest < self.outbound.now()) {
                return step_up(
                    "the login of the access token is too long ago, or it does not say",
                );
            }
        }
        Ok(())
    }

    fn known_keys(&self, now: u64) -> Option<Arc<KeySet>> {
        match &self.keys {
            Keys::Given(keys) => Some(Arc::clone(keys)),
            Keys::Fetched { cached, .. } => cached.fresh(now),
        }
    }

    async fn keys(&self, now: u64) -> Result<Arc<KeySet>, Refusal> {
        match &self.keys {
            Keys::Given(keys) => Ok(Arc::clone(keys)),
            Keys::Fetched { uri, cached } => {
                let keys = cached.get(now, || self.fetch_keys(uri.clone())).await;
                keys.map_err(|failure| self.keys_unavailable(failure))
            }
        }
    }

    /// Newer keys than `old`, if there are any.
    async fn renewed_keys(
        &self,
        old: &Arc<KeySet>,
        now: u64,
    ) -> Result<Option<Arc<KeySet>>, Refusal> {
        match &self.keys {
            Keys::Given(_) => Ok(None),
            Keys::Fetched { uri, cached } => {
                let keys = cached
                    .renewed(old, now, || self.fetch_keys(uri.clone()))
                    .await;
                let keys = keys.map_err(|failure| self.keys_unavailable(failure))?;
                Ok(Some(keys).filter(|keys| !Arc::ptr_eq(keys, old)))
            }
        }
    }

    fn keys_unavailable(&self, failure: Failure) -> Refusal {
        Refusal::unavailable(Code::KeysUnavailable, failure).with_note(self.outbound.note())
    }

    fn fetch_keys(&self, uri: Option<String>) -> BoxFuture<'static, Result<KeySet, Failure>> {
        let (outbound, discovery) = (Arc::clone(&self.outbound), Arc::clone(&self.discovery));
        let algorithms = Arc::clone(&self.algorithms);
        Box::pin(async move {
            let fetched = async {
                let uri = match uri {
                    Some(uri) => uri,
                    None => discovery.get(&outbound).await?.jwks_uri()?,
                };
                let body = outbound.get("the keys", &uri).await?;
                let keys = KeySet::new(&body, &algorithms);
                keys.map_err(|why| Failure::server(format!("the keys: {why}")))
            };
            fetched.await.inspect_err(|_| discovery.doubt())
        })
    }
}

impl fmt::Debug for ResourceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("ResourceServer");
        debug.field("issuer", &self.0.issuer);
        debug.field("audience", &self.0.audience);
        debug.finish_non_exhaustive()
    }
}
