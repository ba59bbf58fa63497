//! The keys of others: of clients that sign their assertions, and of trusted issuers. Fetched where they
//! are published, kept as [`Documents`] says.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::{
    client::ClientKeys,
    crypto::Crypto,
    fetch::{Documents, Fetch, ForeignUrl, Reach, Unreachable},
    jose::{UnverifiedJwt, VerifiedJwt},
    jwk::PublicJwks,
    refusal::NotAccepted,
    time::{Seconds, UnixTime},
    trust::{KeySource, TrustedIssuer},
};

/// After how long published keys are fetched anew. A key that its owner withdraws is accepted as long.
const KEYS_AGE: Seconds = Seconds(300);

/// After how long an issuer's metadata is fetched anew.
const METADATA_AGE: Seconds = Seconds(3600);

/// What is known of the keys of others.
#[derive(Debug)]
pub(crate) struct ForeignKeys {
    /// JWK Sets, of clients and issuers.
    sets: Documents<PublicJwks>,
    /// SPIFFE bundles.
    bundles: Documents<PublicJwks>,
    /// Metadata of issuers.
    metadata: Documents<IssuerMetadata>,
}

impl ForeignKeys {
    pub(crate) fn new() -> Self {
        Self {
            sets: Documents::new(KEYS_AGE, parse_set),
            bundles: Documents::new(KEYS_AGE, parse_bundle),
            metadata: Documents::new(METADATA_AGE, parse_metadata),
        }
    }
}

/// What verifies the JWTs of others at a time.
pub(crate) struct Verifier<'a, F, C> {
    pub(crate) keys: &'a ForeignKeys,
    pub(crate) fetch: &'a F,
    pub(crate) reach: &'a Reach,
    pub(crate) crypto: &'a C,
    pub(crate) now: UnixTime,
}

impl<F: Fetch, C: Crypto> Verifier<'_, F, C> {
    /// The assertion, verified with the keys of a client.
    pub(crate) async fn of_client(
        &self,
        jwt: UnverifiedJwt<'_>,
        keys: &ClientKeys,
        allowed: &[Algorithm],
    ) -> Result<VerifiedJwt, NotAccepted> {
        jwt.check_header(allowed)?;
        match keys {
            ClientKeys::Here(keys) => Ok(jwt.verify(keys, allowed, self.crypto).await?),
            ClientKeys::Uri(uri) => {
                let keys = self.keys_at(&self.keys.sets, uri, &jwt).await?;
                Ok(jwt.verify(&keys, allowed, self.crypto).await?)
            }
        }
    }

    /// The token, verified with the keys of a trusted issuer, by its algorithms.
    pub(crate) async fn of_issuer(
        &self,
        jwt: UnverifiedJwt<'_>,
        issuer: &TrustedIssuer,
    ) -> Result<VerifiedJwt, NotAccepted> {
        let allowed = issuer.algorithms.as_slice();
        jwt.check_header(allowed)?;
        let ForeignKeys {
            sets,
            bundles,
            metadata,
        } = self.keys;
        let keys = match &issuer.keys {
            KeySource::Pasted(keys) => return Ok(jwt.verify(keys, allowed, self.crypto).await?),
            KeySource::Uri(uri) if issuer.is_trust_domain() => {
                self.keys_at(bundles, uri, &jwt).await?
            }
            KeySource::Uri(uri) => self.keys_at(sets, uri, &jwt).await?,
            KeySource::Discovery => {
                let url = self.reach.url(&metadata_url(&issuer.issuer))?;
                let found = metadata.get(self.fetch, &url, self.now).await?.document;
                if found.issuer != issuer.issuer {
                    return Err(OTHER_ISSUER.into());
                }
                self.keys_at(sets, &found.jwks_uri, &jwt).await?
            }
        };
        Ok(jwt.verify(&keys, allowed, self.crypto).await?)
    }

    /// The keys at `uri`, fetched anew where none fits the JWT: its issuer may have begun to use another.
    async fn keys_at(
        &self,
        known: &Documents<PublicJwks>,
        uri: &str,
        jwt: &UnverifiedJwt<'_>,
    ) -> Result<Arc<PublicJwks>, Unreachable> {
        let url = self.reach.url(uri)?;
        let found = known.get(self.fetch, &url, self.now).await?.document;
        if jwt.fits_one_of(&found) {
            return Ok(found);
        }
        Ok(known.renew(self.fetch, &url, self.now).await?.document)
    }
}

/// Where the metadata of an issuer is (OpenID Connect Discovery 1.0 §4): behind its path, whose final slash
/// is left out.
fn metadata_url(issuer: &str) -> String {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{issuer}{METADATA_PATH}")
}

const METADATA_PATH: &str = "/.well-known/openid-configuration";

/// The keys of a JWK Set. An empty one does not take the place of a good one: whoever rotates keys may
/// publish it by mistake.
fn parse_set(_: &ForeignUrl, set: Value) -> Result<PublicJwks, Unreachable> {
    let keys = PublicJwks::from_value(&set).map_err(|_| NOT_A_SET)?;
    if keys.is_empty() {
        return Err(Unreachable::NotUsable("no key in it verifies a signature"));
    }
    Ok(keys)
}

/// The keys of a SPIFFE bundle. One without keys says that all were withdrawn (SPIFFE Trust Domain and
/// Bundle §4.1.1).
fn parse_bundle(_: &ForeignUrl, bundle: Value) -> Result<PublicJwks, Unreachable> {
    PublicJwks::from_bundle(&bundle).map_err(|_| NOT_A_SET)
}

const NOT_A_SET: Unreachable = Unreachable::NotUsable("not a JWK Set of public keys");

/// What is read of an issuer's metadata (OpenID Connect Discovery 1.0 §3).
#[derive(Debug)]
struct IssuerMetadata {
    issuer: String,
    jwks_uri: String,
}

const OTHER_ISSUER: Unreachable = Unreachable::NotUsable("its issuer is another");

/// The metadata that the issuer of this URL publishes (OpenID Connect Discovery 1.0 §4.3). One whose name
/// ends in a slash has the same URL as one without: whether it is the issuer asked for, to the byte, is
/// left to whoever asks.
fn parse_metadata(url: &ForeignUrl, metadata: Value) -> Result<IssuerMetadata, Unreachable> {
    let member = |name| metadata.get(name).and_then(Value::as_str);
    let issuer = member("issuer").unwrap_or_default();
    if metadata_url(issuer) != url.as_str() {
        return Err(OTHER_ISSUER);
    }
    let uri = member("jwks_uri").ok_or(Unreachable::NotUsable("it has no jwks_uri"))?;
    Ok(IssuerMetadata {
        issuer: issuer.to_owned(),
        jwks_uri: uri.to_owned(),
    })
}
