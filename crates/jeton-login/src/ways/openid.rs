//! OpenID providers (OpenID Connect Core 1.0, by the code flow with PKCE alone).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jeton::{Host, LEEWAY, PublicJwks, Reach, UnixTime, UnverifiedJwt, VERIFICATION_ALGORITHMS};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Begin, CameBack, Common, Kind, Network, Way, With,
    exchange::{self, Authentication, ClientSecret, Tokens},
};
use crate::{
    allow::{Allow, AllowRecord, Source},
    person::Person,
    settings::InvalidLogin,
    trouble::Trouble,
};

mod authentication;
mod id_token;
mod issuer;
mod metadata;
mod parameters;
#[cfg(test)]
mod tests;
mod userinfo;

use authentication::{AssertionKey, Audience, Method, check_method};
use id_token::Expected;
use issuer::Issuer;
pub(super) use metadata::{Metadata, parse_keys, parse_metadata};
use userinfo::Userinfo;

/// What is asked for where nothing is written.
const USUAL_SCOPE: &str = "openid profile email";

/// Google's issuer identifier. It is told by `hd` which accounts to offer; its answer is checked all the same.
/// Of a refresh token it is told by parameters of its own.
const GOOGLE: &str = "https://accounts.google.com";

/// An OpenID provider, as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    issuer: Issuer,
    client_id: String,
    client_secret: Option<ClientSecret>,
    private_key: Option<AssertionKey>,
    /// `None`: what the provider's metadata says.
    method: Option<Method>,
    scope: String,
    algorithms: Vec<Algorithm>,
    userinfo: Userinfo,
    logout: Logout,
    /// The claims that lists and rules name, as far as `/userinfo` may have them.
    named: BTreeSet<String>,
    parameters: BTreeMap<String, String>,
}

/// `logout`: what a logout here ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Logout {
    /// The session here, and the provider's where the person asks for that.
    #[default]
    Here,
    /// The provider's session as well.
    Upstream,
}

/// An OpenID provider, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: String,
    name: String,
    #[serde(default)]
    allow: AllowRecord,
    #[serde(default)]
    claims: Map<String, Value>,
    issuer: String,
    #[serde(default)]
    network: Network,
    tenants: Option<Vec<String>>,
    client_id: String,
    client_secret: Option<String>,
    private_key: Option<Value>,
    #[serde(default)]
    token_endpoint_is_audience: bool,
    token_endpoint_auth_method: Option<Method>,
    scope: Option<String>,
    id_token_signed_response_alg: Option<String>,
    #[serde(default)]
    userinfo: Userinfo,
    #[serde(default)]
    logout: Logout,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

impl Record {
    pub(super) fn parse(self, reach: &Reach, wrong: &mut Vec<InvalidLogin>) -> Option<Way> {
        let reach = self.network.of(reach, &self.issuer);
        let common = Common {
            source: Source::Openid,
            reach: reach.clone(),
            id: self.id,
            name: self.name,
            allow: self.allow,
            claims: self.claims,
        };
        common.with(wrong, |allow| {
            let issuer = Issuer::parse(self.issuer, self.tenants, &reach)?;
            let client_id = exchange::client_id(self.client_id)?;
            let listed = issuer.check_lists(allow);
            listed.map_err(|error| error.within("allow"))?;
            let client_secret = self.client_secret.map(ClientSecret::parse).transpose()?;
            let audience = if self.token_endpoint_is_audience {
                Audience::TokenEndpoint
            } else {
                Audience::Issuer
            };
            // What tenants have in common names none of them, and is no audience.
            if self.private_key.is_some() && audience == Audience::Issuer && issuer.is_of_tenants()
            {
                let expected =
                    "true where tenants share the provider and private_key proves who we are";
                return Err(InvalidLogin::new("token_endpoint_is_audience", expected));
            }
            let private_key = self
                .private_key
                .map(|jwk| AssertionKey::parse(&jwk, audience))
                .transpose()?;
            check_method(
                self.token_endpoint_auth_method,
                client_secret.as_ref(),
                private_key.as_ref(),
            )?;
            let scope = exchange::scope(self.scope.as_deref(), USUAL_SCOPE)?.into_owned();
            if !scope.split(' ').any(|name| name == "openid") {
                return Err(InvalidLogin::new("scope", "openid among its names"));
            }
            parameters::check(&self.parameters)?;
            let algorithms = algorithms(self.id_token_signed_response_alg.as_deref())?;
            let mut parameters = self.parameters;
            offer_accounts_of(&mut parameters, &issuer, allow);
            Ok(Kind::Openid(Provider {
                issuer,
                client_id,
                client_secret,
                private_key,
                method: self.token_endpoint_auth_method,
                scope,
                algorithms,
                userinfo: self.userinfo,
                logout: self.logout,
                named: BTreeSet::new(),
                parameters,
            }))
        })
    }
}

/// Lets Google offer only accounts of the one domain that may log in.
fn offer_accounts_of(parameters: &mut BTreeMap<String, String>, issuer: &Issuer, allow: &Allow) {
    if issuer.is(GOOGLE)
        && let Some(domain) = allow.only_hosted_domain()
    {
        let hd = parameters.entry("hd".to_owned());
        hd.or_insert_with(|| domain.to_owned());
    }
}

/// The algorithms that an ID token may be signed by: the one that was registered, or all that are verified.
/// None is symmetric.
fn algorithms(registered: Option<&str>) -> Result<Vec<Algorithm>, InvalidLogin> {
    let Some(registered) = registered else {
        return Ok(VERIFICATION_ALGORITHMS.to_vec());
    };
    let algorithm = registered.parse().ok();
    let algorithm = algorithm.filter(|known| VERIFICATION_ALGORITHMS.contains(known));
    let expected = "ES256, ES384, EdDSA, RS256 or PS256";
    let invalid = || InvalidLogin::new("id_token_signed_response_alg", expected);
    Ok(vec![algorithm.ok_or_else(invalid)?])
}

impl Provider {
    /// Lets `/userinfo` be asked where an ID token lacks one of these claims.
    pub(super) fn name_claims<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let names = names.filter(|name| userinfo::may_have(name));
        self.named.extend(names.map(str::to_owned));
    }

    /// Whether its people are of this issuer.
    pub(super) fn is_of(&self, iss: &str) -> bool {
        self.issuer.is(iss)
    }

    /// Where the browser goes to log in (OpenID Connect Core 1.0 §3.1.2.1).
    pub(super) async fn authorization_url<H: Host>(
        &self,
        with: &With<'_, H>,
        begin: &Begin<'_>,
    ) -> Result<Url, Trouble> {
        let metadata = self.metadata(with).await?;
        let endpoint = with.url("authorization", &metadata.authorization_endpoint)?;
        let url = endpoint.as_url().clone();
        Ok(parameters::authorization_url(url, self, &metadata, begin))
    }

    /// Who came back (OpenID Connect Core 1.0 §3.1.3).
    pub(super) async fn person<H: Host>(
        &self,
        with: &With<'_, H>,
        came_back: &CameBack<'_>,
    ) -> Result<Person, Trouble> {
        let metadata = self.metadata(with).await?;
        self.check_sender(&metadata, came_back.iss)?;
        let code = came_back.code()?;
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", came_back.redirect_uri),
            ("code_verifier", came_back.code_verifier),
        ];
        let tokens = self.tokens(with, &metadata, &parameters).await?;
        let id_token = tokens.id_token.as_deref();
        let id_token = id_token.ok_or(Trouble::NotUsable("the answer has no ID token"))?;
        let earliest = |max_age| came_back.began_at - max_age - LEEWAY;
        let proof = Proof {
            nonce: Some(came_back.nonce),
            authenticated_from: came_back.max_age.map(earliest),
        };
        let person = self
            .verified(with, &metadata, id_token, &tokens.access_token, &proof)
            .await?;
        if came_back.iss.is_some_and(|iss| iss != person.iss) {
            return Err(Trouble::Foreign(
                "the ID token is of another issuer than the answer",
            ));
        }
        self.completed(with, &metadata, person, tokens).await
    }

    /// What the provider gives for a refresh token (OpenID Connect Core 1.0 §12).
    pub(super) async fn refreshed<H: Host>(
        &self,
        with: &With<'_, H>,
        refresh_token: &str,
    ) -> Result<Tokens, Trouble> {
        let metadata = self.metadata(with).await?;
        let url = with.url("token", &metadata.token_endpoint)?;
        let authentication = self.authentication(with, &metadata).await?;
        let (fetch, client_id) = (with.fetch(), &self.client_id);
        exchange::refreshed(&fetch, url, client_id, authentication, refresh_token).await
    }

    /// The person as they are now, by what a refresh token gave (OpenID Connect Core 1.0 §12.2).
    pub(super) async fn owner<H: Host>(
        &self,
        with: &With<'_, H>,
        iss: &str,
        sub: &str,
        tokens: Tokens,
    ) -> Result<Person, Trouble> {
        let metadata = self.metadata(with).await?;
        if let Some(id_token) = tokens.id_token.as_deref() {
            let (token, proof) = (&tokens.access_token, Proof::default());
            let person = self
                .verified(with, &metadata, id_token, token, &proof)
                .await?;
            return self.completed(with, &metadata, person, tokens).await;
        }
        // Without an ID token `/userinfo` has to say who it is, whatever else it is asked for.
        let endpoint = metadata.userinfo_endpoint.as_deref();
        let endpoint = endpoint.ok_or(Trouble::NotUsable("the answer has no ID token"))?;
        let mut person = Person {
            iss: iss.to_owned(),
            sub: sub.to_owned(),
            claims: Map::new(),
            auth_time: None,
            amr: Vec::new(),
            acr: None,
            refresh_token: None,
        };
        add_userinfo(with, endpoint, &tokens.access_token, &mut person).await?;
        person.refresh_token = tokens.refresh_token;
        Ok(person)
    }

    /// Whether a logout here ends the provider's session as well.
    pub(super) fn logs_out_there(&self) -> bool {
        self.logout == Logout::Upstream
    }

    /// Where the provider's session ends (OpenID Connect RP-Initiated Logout 1.0 §2).
    pub(super) async fn logout_url<H: Host>(
        &self,
        with: &With<'_, H>,
        back: &str,
        state: &str,
    ) -> Option<Url> {
        let metadata = self.metadata(with).await.ok()?;
        let endpoint = metadata.end_session_endpoint.as_deref()?;
        let endpoint = with.url("logout", endpoint).ok()?;
        let mut url = endpoint.as_url().clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("post_logout_redirect_uri", back)
            .append_pair("state", state);
        Some(url)
    }

    /// What the provider publishes of itself: by tenants, what all of them have in common.
    async fn metadata<H: Host>(&self, with: &With<'_, H>) -> Result<Arc<Metadata>, Trouble> {
        let url = self.issuer.metadata_url();
        find_metadata(with, &url, self.issuer.as_written()).await
    }

    /// Refuses an answer that somebody else sent (RFC 9207 §2.4), also one with an error.
    fn check_sender(&self, metadata: &Metadata, iss: Option<&str>) -> Result<(), Trouble> {
        match iss {
            Some(iss) if self.issuer.is(iss) => Ok(()),
            Some(_) => Err(Trouble::Foreign("the answer is of another issuer")),
            None if metadata.authorization_response_iss_parameter_supported => {
                Err(Trouble::Foreign("the answer does not say its issuer"))
            }
            None => Ok(()),
        }
    }

    async fn tokens<H: Host>(
        &self,
        with: &With<'_, H>,
        metadata: &Metadata,
        parameters: &[(&str, &str)],
    ) -> Result<Tokens, Trouble> {
        let url = with.url("token", &metadata.token_endpoint)?;
        let authentication = self.authentication(with, metadata).await?;
        let fetch = with.fetch();
        exchange::tokens(&fetch, url, &self.client_id, authentication, parameters).await
    }

    /// How we prove to the token endpoint who we are, whatever is exchanged there.
    async fn authentication<H: Host>(
        &self,
        with: &With<'_, H>,
        metadata: &Metadata,
    ) -> Result<Authentication<'_>, Trouble> {
        if let Some(key) = &self.private_key {
            let crypto = with.server.crypto();
            let assertion = key.assertion(crypto, &self.client_id, metadata, with.now);
            let assertion = assertion.await;
            let unsigned = |_| Trouble::NotUsable("our assertion could not be signed");
            return Ok(Authentication::Assertion(assertion.map_err(unsigned)?));
        }
        let Some(secret) = &self.client_secret else {
            return Ok(Authentication::None);
        };
        match self.method {
            Some(Method::ClientSecretPost) => Ok(Authentication::Post(secret)),
            Some(_) => Ok(Authentication::Basic(secret)),
            None if metadata.takes("client_secret_basic") => Ok(Authentication::Basic(secret)),
            None if metadata.takes("client_secret_post") => Ok(Authentication::Post(secret)),
            None => Err(Trouble::NotUsable(
                "its token endpoint takes no client_secret",
            )),
        }
    }

    /// Who an ID token says that the person is, once its issuer is known to have signed it for us.
    async fn verified<H: Host>(
        &self,
        with: &With<'_, H>,
        metadata: &Metadata,
        id_token: &str,
        access_token: &str,
        proof: &Proof<'_>,
    ) -> Result<Person, Trouble> {
        let jwt = UnverifiedJwt::parse(id_token)?;
        jwt.check_header(&self.algorithms)?;
        let iss = self.issuer.of_token(&jwt)?.into_owned();
        let keys = self.keys(with, metadata, &iss, &jwt).await?;
        let jwt = jwt
            .verify(&keys, &self.algorithms, with.server.crypto())
            .await?;
        let expected = Expected {
            iss: &iss,
            client_id: &self.client_id,
            nonce: proof.nonce,
            access_token,
            authenticated_from: proof.authenticated_from,
            now: with.now,
        };
        id_token::person(jwt, &expected)
    }

    /// The keys of the issuer `iss`, fetched anew where none fits: it may have begun to use another.
    async fn keys<H: Host>(
        &self,
        with: &With<'_, H>,
        metadata: &Metadata,
        iss: &str,
        jwt: &UnverifiedJwt<'_>,
    ) -> Result<Arc<PublicJwks>, Trouble> {
        // The keys that all tenants have in common sign for each of them; what one tenant publishes names
        // those that sign for it.
        let uri = if metadata.issuer == iss {
            Cow::Borrowed(metadata.jwks_uri.as_str())
        } else {
            let url = metadata::url_of(iss);
            let of_tenant = find_metadata(with, &url, iss).await?;
            Cow::Owned(of_tenant.jwks_uri.clone())
        };
        let (url, fetch, known) = (with.url("keys", &uri)?, with.fetch(), &with.upstreams.keys);
        let asking = Trouble::asking("keys");
        let found = known.get(&fetch, &url, with.now).await;
        let found = found.map_err(&asking)?;
        if jwt.fits_one_of(&found.document) {
            return Ok(found.document);
        }
        let renewed = known.renew(&fetch, &url, with.now).await;
        Ok(renewed.map_err(&asking)?.document)
    }

    /// The person with what `/userinfo` adds, and what fresh claims are had by later.
    async fn completed<H: Host>(
        &self,
        with: &With<'_, H>,
        metadata: &Metadata,
        mut person: Person,
        tokens: Tokens,
    ) -> Result<Person, Trouble> {
        if let Some(endpoint) = &metadata.userinfo_endpoint
            && self
                .userinfo
                .is_asked(&person.claims, &self.scope, &self.named)
        {
            add_userinfo(with, endpoint, &tokens.access_token, &mut person).await?;
        }
        person.refresh_token = tokens.refresh_token;
        Ok(person)
    }
}

/// What an ID token has to prove beyond who made it for whom. A renewed one need not.
#[derive(Default)]
struct Proof<'a> {
    nonce: Option<&'a str>,
    authenticated_from: Option<UnixTime>,
}

/// Asks `/userinfo` at `endpoint`, and adds what it says.
async fn add_userinfo<H: Host>(
    with: &With<'_, H>,
    endpoint: &str,
    access_token: &str,
    person: &mut Person,
) -> Result<(), Trouble> {
    let url = with.url("userinfo", endpoint)?;
    let claims = exchange::opened(&with.fetch(), "userinfo", url, access_token, []).await?;
    userinfo::add(person, claims)
}

/// The metadata at `url`, which must be of `issuer`, to the byte (OpenID Connect Discovery 1.0 §4.3).
async fn find_metadata<H: Host>(
    with: &With<'_, H>,
    url: &str,
    issuer: &str,
) -> Result<Arc<Metadata>, Trouble> {
    let url = with.url("metadata", url)?;
    let fetch = with.fetch();
    let found = with.upstreams.metadata.get(&fetch, &url, with.now);
    let found = found
        .await
        .map_err(|why| match metadata::is_of_another_issuer(&why) {
            Some(difference) => Trouble::Misconfigured(difference),
            None => Trouble::asking("metadata")(why),
        });
    let metadata = found?.document;
    if metadata.issuer != issuer {
        let difference = metadata::difference(issuer, &metadata.issuer);
        return Err(Trouble::Misconfigured(difference));
    }
    Ok(metadata)
}
