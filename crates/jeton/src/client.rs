//! Clients: RFC 7591 metadata parsed into what the server decides by.

use std::collections::BTreeMap;

use jsonwebtoken::Algorithm;
use subtle::ConstantTimeEq;

use crate::{
    grant::GrantType,
    scope::Scope,
    time::{Seconds, UnixTime},
};

mod apis;
mod authentication;
mod built_in;
mod ceiling;
pub(crate) mod claims;
mod home;
pub(crate) mod id;
mod keys;
mod named_api;
mod new_secret;
mod origin;
mod record;
mod redirect;
mod schemes;
mod self_registered;
mod subject_type;
pub(crate) mod token_format;
mod unsupported;

pub use apis::GrantedApi;
pub(crate) use authentication::ASSERTION_METHODS;
pub use authentication::{ClientAuthentication, ClientSecret, SecretHash, SecretMethod};
pub(crate) use built_in::BUILT_IN;
pub use ceiling::{Ceiling, CeilingRecord, InvalidCeiling};
pub use claims::{ClaimsRecord, InvalidClaimNames, RegisteredClaims};
pub use home::Home;
pub use id::{ClientId, InvalidClientId};
pub(crate) use keys::USUAL_ASSERTION_LIFETIME;
pub use keys::{ClientKeys, InvalidKeys, KeysRecord, PrivateKeyJwt};
pub use named_api::{InvalidNamedApi, NamedApi, NamedApiRecord};
pub(crate) use new_secret::CLIENT_SECRET_PREFIX;
pub use new_secret::NewSecret;
pub use record::{
    ClientRecord, InvalidClient, MOST_VALUES, Registration, RegistrationRecord, RegistrationToken,
    RegistrationTokenRecord, SecretRecord,
};
pub(crate) use record::{LONGEST_LABEL, MOST_SECRETS, expiry, is_of_client};
pub use redirect::{InvalidRedirectUri, Localhost, PrivateUse, RedirectRules, RedirectUri};
pub use subject_type::{InvalidSubjectType, Sector, SubjectType};
pub use token_format::AccessTokenFormat;
pub(crate) use unsupported::first_asked_for as first_unsupported;

/// A client, parsed: everything here has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name`, for people.
    pub name: Option<String>,
    /// `client_uri`, if it is one that people can be sent to: of a client that registered itself, at an origin of
    /// its redirect URIs.
    pub home: Option<Home>,
    /// `policy_uri`, the same.
    pub policy: Option<Home>,
    /// `tos_uri`, the same.
    pub terms: Option<Home>,
    /// `token_endpoint_auth_method` and the secrets.
    pub authentication: ClientAuthentication,
    /// `grant_types`; RFC 7591's default is `authorization_code` alone.
    pub grant_types: Vec<GrantType>,
    /// All the client may ask for, and what it gets when it asks for none: its `scope`, and what it has of
    /// the scopes of its APIs.
    pub scope: Scope,
    /// What the client may name as `resource` or `audience`: its `audiences` (ours), then its APIs. The
    /// first is the default; none at all means the issuer.
    pub audiences: Vec<String>,
    /// `apis` (ours), as they are named. What is granted of them is known once their documents are.
    pub named_apis: Vec<NamedApi>,
    /// The APIs that it has, as they are registered: see [`Client::with_apis`].
    pub apis: Vec<GrantedApi>,
    /// `labels` (ours): whatever its operator keeps of it. APIs may have some of them in tokens.
    pub labels: BTreeMap<String, String>,
    /// The members that describe it and that an API may have in its tokens.
    pub described: BTreeMap<&'static str, String>,
    /// `access_token_lifetime` (ours), in seconds; `None`: the deployment's.
    pub access_token_lifetime: Option<Seconds>,
    /// `access_token_signed_response_alg` (ours); `None`: the deployment's first algorithm.
    pub access_token_signed_response_alg: Option<Algorithm>,
    /// `access_token_format` (ours); `None`: a JWT.
    pub access_token_format: Option<AccessTokenFormat>,
    /// `id_token_signed_response_alg`; `None`: the deployment's first algorithm.
    pub id_token_signed_response_alg: Option<Algorithm>,
    /// `subject_type`, with the sector.
    pub subject_type: SubjectType,
    /// Which claims go into its tokens and answers.
    pub claims: RegisteredClaims,
    /// `redirect_uris`.
    pub redirect_uris: Vec<RedirectUri>,
    /// `post_logout_redirect_uris` (OpenID Connect RP-Initiated Logout 1.0 §3.1).
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// `require_pkce` (ours).
    pub pkce: Pkce,
    /// How its refresh tokens behave.
    pub refresh: RefreshPolicy,
    /// `first_party` (ours): the operator's own application, so that nobody is asked for consent to it.
    pub first_party: bool,
    /// `login` (ours): a login application, which may accept and reject requests. Only a
    /// configured client can be one.
    pub login: bool,
    /// `disabled` (ours): the client is as if it did not exist, but its id is taken.
    pub disabled: bool,
    /// `client_expires_at` (ours): from then on the client is as if it were disabled.
    pub expires_at: Option<UnixTime>,
    /// `registration` (ours), if the client registered itself.
    pub registration: Option<Registration>,
    /// `registration_ceiling` (ours): what clients may have that are registered with its tokens.
    pub registration_ceiling: Option<Ceiling>,
}

/// What keeps a code of a client from being injected into another login of it (RFC 9700 §2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// PKCE (RFC 7636): `require_pkce` is `true` or absent, as of any public client.
    Required,
    /// PKCE or, in an OpenID request, the `nonce`: `require_pkce` is `false`. A request that is none of
    /// OpenID's goes without either; that it protects itself in another way is the client's affair.
    OrNonce,
    /// Whatever the request brings. No record says so: it is for registries that take what production
    /// would not, such as the mock's.
    Optional,
}

/// How a client's refresh tokens behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// `refresh_token_lifetime` (ours): from the login until the last refresh token expires.
    pub lifetime: Seconds,
    /// `refresh_token_idle_lifetime` (ours): how long a refresh token may wait for its use.
    pub idle_lifetime: Seconds,
    /// `refresh_token_grace` (ours): for how long a superseded one still answers with its
    /// successor; 0 is strict.
    pub grace: Seconds,
    /// `refresh_token_rotation` (ours). Without it the same refresh token stays, which only a
    /// client that authenticates may have (RFC 9700 §2.2.2).
    pub rotation: bool,
    /// `offline_access_required` (ours): an OpenID request gets a refresh token only with the scope
    /// `offline_access` (OpenID Connect Core §11).
    pub offline_access_required: bool,
    /// `renew_claims` (ours): at a refresh it is asked what is true of the person now.
    pub renew_claims: bool,
    /// `refresh_token_delivery` (ours): in the body, or in a cookie for these origins.
    pub delivery: Delivery,
}

/// How refresh tokens reach the client: `refresh_token_delivery` (ours).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In the token response (RFC 6749 §5.1), readable by pages of these origins, if any.
    Body {
        /// `allowed_origins`.
        allowed_origins: Vec<String>,
    },
    /// In a `__Host-` cookie that no script can read.
    Cookie {
        /// `allowed_origins`; never empty.
        allowed_origins: Vec<String>,
    },
}

impl Delivery {
    /// `allowed_origins`.
    #[must_use]
    pub fn allowed_origins(&self) -> &[String] {
        match self {
            Self::Body { allowed_origins } | Self::Cookie { allowed_origins } => allowed_origins,
        }
    }
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self {
            lifetime: Seconds::from_days(90),
            idle_lifetime: Seconds::from_days(30),
            grace: Seconds(10),
            rotation: true,
            offline_access_required: true,
            renew_claims: false,
            delivery: Delivery::Body {
                allowed_origins: Vec::new(),
            },
        }
    }
}

impl Client {
    /// Whether `presented` is the hash of one of the client's secrets at `now`. Each is compared, in
    /// constant time.
    pub(crate) fn holds_secret(&self, presented: &SecretHash, now: UnixTime) -> bool {
        let ClientAuthentication::Secret { secrets, .. } = &self.authentication else {
            return false;
        };
        secrets
            .iter()
            .filter(|secret| secret.expires_at.is_none_or(|end| now < end))
            .fold(subtle::Choice::from(0), |found, secret| {
                found | secret.hash.ct_eq(presented)
            })
            .into()
    }

    /// Whether the client is neither disabled nor past its end at `now`. Else it is as if it did not exist,
    /// but its id is taken.
    #[must_use]
    pub fn stands_at(&self, now: UnixTime) -> bool {
        !self.disabled && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether the client authenticates (RFC 6749 §2.1).
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        self.authentication != ClientAuthentication::None
    }

    /// Whether a trusted issuer's token may stand for the client: any that authenticates, but for the one
    /// that is built in.
    pub(crate) fn may_be_vouched_for(&self) -> bool {
        self.is_confidential() && self.authentication != ClientAuthentication::BuiltIn
    }

    /// Whether the client is registered for `grant_type`.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// The first token of `scope` that the client is not registered for.
    pub(crate) fn unregistered_scope<'a>(&self, scope: &'a Scope) -> Option<&'a str> {
        scope.first_outside(&self.scope)
    }

    /// The first of `audiences` that the client is not registered for, by this name or another.
    #[must_use]
    pub fn unregistered_audience<'a>(&self, audiences: &'a [String]) -> Option<&'a str> {
        let mut named = audiences.iter().map(String::as_str);
        named.find(|named| self.audience_named(named).is_none())
    }

    /// Whether an authorization request must bring a `code_challenge`.
    #[must_use]
    pub fn requires_pkce(&self) -> bool {
        self.pkce == Pkce::Required
    }

    /// Whether an authorization request for `scope` without a `code_challenge` must bring a `nonce`.
    #[must_use]
    pub fn requires_nonce(&self, scope: &Scope) -> bool {
        self.pkce == Pkce::OrNonce && scope.contains("openid")
    }

    /// Whether a grant of `scope` yields refresh tokens. OpenID Connect Core §11: they are for when the
    /// person is away.
    pub(crate) fn may_refresh(&self, scope: &Scope) -> bool {
        let offline = !scope.contains("openid")
            || scope.contains("offline_access")
            || !self.refresh.offline_access_required;
        self.may_use(GrantType::RefreshToken) && offline
    }

    /// Whether at each refresh of a grant of `scope` it is asked what is true of the person now.
    #[must_use]
    pub fn renews_claims(&self, scope: &Scope) -> bool {
        self.refresh.renew_claims && self.may_refresh(scope)
    }

    /// Whether `uri` is one of the client's redirect URIs (RFC 6749 §3.1.2.3).
    #[must_use]
    pub fn redirects_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|own| own.matches(uri))
    }

    /// Whether a code that goes to `redirect_uri` can be redeemed by nobody else who uses the client's id (RFC
    /// 6749 §10.2, RFC 8252 §8.6): the client authenticates, or the address is a website's.
    #[must_use]
    pub fn is_assured_at(&self, redirect_uri: &str) -> bool {
        self.is_confidential() || RedirectUri::is_website(redirect_uri)
    }

    /// Whether a browser may be sent to `uri` after a logout (OpenID Connect RP-Initiated Logout
    /// 1.0 §3).
    #[must_use]
    pub fn redirects_after_logout_to(&self, uri: &str) -> bool {
        let mut own = self.post_logout_redirect_uris.iter();
        own.any(|own| own.matches(uri))
    }
}
