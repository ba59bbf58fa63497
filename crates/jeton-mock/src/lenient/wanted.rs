//! What a request asks of its client, read by the endpoint that it is for.

use std::sync::Arc;

use jeton::{
    Api, Client, ClientAuthentication, ClientFault, ClientId, ClientSecret, GrantType, Pkce,
    Presented, Proof, RedirectUri, RuleRecord, Scope, UnixTime,
};
use serde_json::{Map, Value};

use super::kept::{Kept, lend_target};
use crate::asked::Asked;

/// What a request's client must be allowed for the server to grant it. Malformed values stay out: the
/// server refuses them as production would.
#[derive(Clone)]
pub(crate) struct Wanted<'a> {
    /// The client; `None` where only an assertion says who it is.
    pub(super) id: Option<ClientId>,
    presented: Option<&'a Presented>,
    assertion: Assertion,
    /// Scope and audiences that a client which nobody registered has without asking.
    given: (Scope, Vec<String>),
    scope: Scope,
    audiences: Vec<String>,
    pub(super) redirect_uri: Option<RedirectUri>,
    pub(super) post_logout_redirect_uri: Option<RedirectUri>,
    protection: Protection,
    pub(super) target: Target,
    /// It redeems a refresh token, which the client may have got while nobody knew it.
    refreshes: bool,
    /// It brings a token that a client got for itself, for which it has authenticated.
    is_machines: bool,
    /// It is about a token that the server did not make, which stands whatever its client may use.
    stands_alone: bool,
}

/// What becomes of an assertion that the request brings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Assertion {
    /// The server verifies it, as production does.
    Verified,
    /// It is verified, and its rule's client may be one that nobody registered.
    ByRule,
    /// Its word is taken for who the client is.
    Believed,
}

/// What an authorization request brings against the injection of its code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protection {
    Nothing,
    /// A `nonce` (OpenID Connect Core §3.1.2.1).
    Nonce,
    /// A `code_challenge` (RFC 7636 §4.3), or the request is of another kind.
    Pkce,
}

/// What a request makes of scope and audiences.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// It uses what was granted before.
    Granted,
    /// It asks for a token of the client's own. What it names none of is the client's default.
    Own,
    /// It begins a grant, which others go on with. What it names none of is the client's default.
    BeginsGrant,
}

impl<'a> Wanted<'a> {
    /// A request that needs nothing but that there is such a client.
    fn of(client_id: &str) -> Option<Self> {
        let mut wanted = Self::of_nobody();
        wanted.id = Some(client_id.parse().ok()?);
        Some(wanted)
    }

    /// A request of which only a token that it brings says whose it is.
    pub(crate) fn of_nobody() -> Self {
        Self {
            id: None,
            presented: None,
            assertion: Assertion::Verified,
            given: (Scope::default(), Vec::new()),
            scope: Scope::default(),
            audiences: Vec::new(),
            redirect_uri: None,
            post_logout_redirect_uri: None,
            protection: Protection::Pkce,
            target: Target::Granted,
            refreshes: false,
            is_machines: false,
            stands_alone: false,
        }
    }

    /// A request that authenticates its client.
    pub(crate) fn authentication(presented: &'a Presented) -> Option<Self> {
        let mut wanted = match presented.proof {
            Proof::Assertion(_) if presented.client_id.is_empty() => Self::of_nobody(),
            _ => Self::of(&presented.client_id)?,
        };
        wanted.presented = Some(presented);
        Some(wanted)
    }

    /// The same request of the client that a rule of a trusted issuer names, with what it lets that have.
    pub(crate) fn by_rule(mut self, rule: &RuleRecord) -> Option<Self> {
        self.id = Some(rule.client_id.parse().ok()?);
        self.assertion = Assertion::ByRule;
        let scope = rule.scope.as_deref().unwrap_or_default();
        self.given = (
            scope.parse().unwrap_or_default(),
            rule.audiences.clone().unwrap_or_default(),
        );
        Some(self)
    }

    /// The same request, which redeems a refresh token.
    #[must_use]
    pub(crate) fn refreshing(mut self) -> Self {
        self.refreshes = true;
        self
    }

    /// Whether the refresh token may be one that the client would not get now: an OpenID request of whom
    /// nobody knows gets one without `offline_access`.
    pub(super) fn may_lack_offline_access(&self, client: &Client) -> bool {
        self.refreshes && client.refresh.offline_access_required
    }

    /// The same request, whose assertion is believed: it says that it is of `client_id`, where the request
    /// does not.
    pub(crate) fn believed(mut self, client_id: Option<&str>) -> Option<Self> {
        if self.id.is_none() {
            self.id = Some(client_id?.parse().ok()?);
        }
        self.assertion = Assertion::Believed;
        Some(self)
    }

    /// The same request, which exchanges an access token that says these claims.
    #[must_use]
    pub(crate) fn exchanging(mut self, claims: &Map<String, Value>) -> Self {
        self.given = (scope_of(claims), audiences_of(claims));
        self
    }

    /// A request for a code, at `/authorize`.
    pub(crate) fn authorization(asked: &Asked<'_>) -> Option<Self> {
        let mut wanted = Self::of(asked.get("client_id")?)?.beginning_grant(asked);
        wanted.redirect_uri = asked.get("redirect_uri").and_then(redirect_uri);
        wanted.protection = match (asked.get("code_challenge"), asked.get("nonce")) {
            (Some(_), _) => Protection::Pkce,
            (None, Some(_)) => Protection::Nonce,
            (None, None) => Protection::Nothing,
        };
        Some(wanted)
    }

    /// The same request, whose code nobody can inject: it is redeemed here.
    #[must_use]
    pub(crate) fn protected(mut self) -> Self {
        self.protection = Protection::Pkce;
        self
    }

    /// A request for a token of its own by the client `client_id`, which has authenticated.
    pub(crate) fn own(client_id: &str, asked: &Asked<'_>) -> Option<Self> {
        Some(Self::of(client_id)?.of_own_token(asked))
    }

    /// A login for the client `client_id` that nobody is asked for.
    pub(crate) fn login(client_id: &str, asked: &Asked<'_>) -> Option<Self> {
        Some(Self::of(client_id)?.beginning_grant(asked))
    }

    /// A request for a logout from the client `client_id`.
    pub(crate) fn logout(client_id: &str, asked: &Asked<'_>) -> Option<Self> {
        let mut wanted = Self::of(client_id)?;
        let uri = asked.get("post_logout_redirect_uri");
        wanted.post_logout_redirect_uri = uri.and_then(redirect_uri);
        Some(wanted)
    }

    /// A look at an access token that says these claims, by whom it concerns.
    pub(crate) fn of_token(claims: &Map<String, Value>) -> Option<Self> {
        let client_id = claims.get("client_id").and_then(Value::as_str)?;
        let mut wanted = Self::of(client_id)?.with_token(claims);
        wanted.is_machines = !claims.contains_key("sid");
        Some(wanted)
    }

    /// The same request about an access token that says these claims: its client may have them.
    #[must_use]
    pub(crate) fn with_token(mut self, claims: &Map<String, Value>) -> Self {
        self.scope = scope_of(claims);
        self.audiences = audiences_of(claims);
        self
    }

    /// The same request about a token that the server did not make: its client is lent what it takes to have
    /// got it.
    #[must_use]
    pub(crate) fn standing_alone(mut self) -> Self {
        self.stands_alone = true;
        self
    }

    /// The same request for a token of the client's own.
    #[must_use]
    pub(crate) fn of_own_token(self, asked: &Asked<'_>) -> Self {
        self.with_target(Target::Own, asked)
    }

    /// The same request, which begins a grant.
    #[must_use]
    pub(crate) fn beginning_grant(self, asked: &Asked<'_>) -> Self {
        self.with_target(Target::BeginsGrant, asked)
    }

    /// With the scope and the audiences that the request names.
    fn with_target(mut self, target: Target, asked: &Asked<'_>) -> Self {
        let scope = asked.get("scope").and_then(|scope| scope.parse().ok());
        self.scope = scope.unwrap_or_default();
        self.audiences = asked.audiences();
        self.target = target;
        self
    }

    /// The client that the request names.
    pub(crate) fn client_id(&self) -> Option<&ClientId> {
        self.id.as_ref()
    }

    /// What is waived for a client that nobody registered.
    pub(super) fn waived_for_a_stranger(&self) -> Vec<&'static str> {
        let believed = (self.assertion == Assertion::Believed).then_some(CLIENT_ASSERTION);
        ["client"].into_iter().chain(believed).collect()
    }

    /// What the server would refuse `client`, as far as it can be waived, by name.
    pub(super) fn refused(&self, client: &Client, now: UnixTime) -> Vec<&'static str> {
        let authentication = if self.assertion == Assertion::Believed {
            Some(CLIENT_ASSERTION)
        } else {
            self.presented
                .and_then(|presented| client.accepts(presented, now).err())
                .and_then(|fault| waived_as(&fault))
        };
        let redirect_uri = self.redirect_uri.as_ref();
        let after_logout = self.post_logout_redirect_uri.as_ref();
        let rest = [
            (
                redirect_uri.is_some_and(|uri| !client.redirects_to(uri.as_str())),
                "redirect_uri",
            ),
            (
                after_logout.is_some_and(|uri| !client.redirects_after_logout_to(uri.as_str())),
                "post_logout_redirect_uri",
            ),
            (self.lacks_scope(client), "scope"),
            (self.lacks_audience(client), "audience"),
            (self.lacks_pkce(client), "pkce"),
            (self.lacks_nonce(client), "nonce"),
        ];
        let rest = rest.into_iter().filter(|(is_refused, _)| *is_refused);
        let rest = rest.map(|(_, name)| name);
        authentication.into_iter().chain(rest).collect()
    }

    fn lacks_pkce(&self, client: &Client) -> bool {
        client.requires_pkce() && self.protection != Protection::Pkce
    }

    fn lacks_nonce(&self, client: &Client) -> bool {
        let scope = if self.scope.is_empty() {
            &client.scope
        } else {
            &self.scope
        };
        client.requires_nonce(scope) && self.protection == Protection::Nothing
    }

    /// The same request to the issuer itself, which is no audience that needs to be registered where the
    /// request is an OpenID one or uses what was granted.
    #[must_use]
    pub(crate) fn at_issuer(mut self, issuer: &str) -> Self {
        if self.target == Target::Granted || self.scope.contains("openid") {
            self.audiences.retain(|audience| audience != issuer);
        }
        self
    }

    /// Whether the client is not registered for the scope, or not for it at the audiences that are named.
    fn lacks_scope(&self, client: &Client) -> bool {
        !client.has_scope_at(&self.scope, &self.audiences)
    }

    fn lacks_audience(&self, client: &Client) -> bool {
        client.unregistered_audience(&self.audiences).is_some()
    }

    /// Keeps what it asks for and the client `own` is not registered for, for the requests that go on with it:
    /// redirect URIs, scope, audiences, and that it came without PKCE.
    pub(super) fn widen(&self, kept: &mut Kept, own: &Client) {
        if let Some(uri) = &self.redirect_uri
            && !own.redirects_to(uri.as_str())
        {
            kept.redirect(uri);
        }
        if let Some(uri) = &self.post_logout_redirect_uri
            && !own.redirects_after_logout_to(uri.as_str())
        {
            kept.redirect_after_logout(uri);
        }
        if self.lacks_pkce(own) || self.lacks_nonce(own) {
            kept.without_pkce();
        }
        if self.target != Target::Granted && (self.lacks_scope(own) || self.lacks_audience(own)) {
            kept.target(&self.scope, &self.audiences);
        }
    }

    /// Whether a browser is to come back to an address that the request names.
    pub(super) fn redirects(&self) -> bool {
        self.redirect_uri.is_some() || self.post_logout_redirect_uri.is_some()
    }

    /// Gives a client that nobody registered what it has without asking.
    pub(super) fn equip(&self, client: &mut Client) {
        let (scope, audiences) = &self.given;
        client.scope = client.scope.union(scope);
        client.audiences.extend(audiences.iter().cloned());
        if self.assertion == Assertion::ByRule || self.is_machines {
            // One that authenticates, as the client of every rule.
            client.authentication = ClientAuthentication::Federated;
        }
    }

    /// Allows `client` what it is refused, but for redirect URIs, which the registry keeps.
    pub(super) fn grant_to(&self, client: &mut Client, apis: &[Arc<Api>], now: UnixTime) {
        if self.assertion == Assertion::Believed {
            client.authentication = ClientAuthentication::UnverifiedAssertion;
        } else if let Some(presented) = self.presented
            && let Proof::Secret(_, hash) = presented.proof
            && client.accepts(presented, now).is_err()
        {
            client.authentication = ClientAuthentication::Secret {
                method: None,
                secrets: vec![ClientSecret {
                    hash,
                    expires_at: None,
                }],
            };
        }
        if self.stands_alone && !client.may_use(GrantType::ClientCredentials) {
            client.grant_types.push(GrantType::ClientCredentials);
        }
        if self.lacks_scope(client) || self.lacks_audience(client) {
            lend_target(client, &self.scope, &self.audiences, apis);
        }
        if self.lacks_pkce(client) || self.lacks_nonce(client) {
            client.pkce = Pkce::Optional;
        }
        if self.refreshes {
            client.refresh.offline_access_required = false;
        }
    }
}

/// `scope` (RFC 8693 §4.2).
fn scope_of(claims: &Map<String, Value>) -> Scope {
    let scope = claims.get("scope").and_then(Value::as_str);
    scope.and_then(|it| it.parse().ok()).unwrap_or_default()
}

/// `aud` (RFC 7519 §4.1.3).
pub(crate) fn audiences_of(claims: &Map<String, Value>) -> Vec<String> {
    let audiences = match claims.get("aud") {
        Some(Value::Array(several)) => several.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let texts = audiences.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// The name under which it is waived that an assertion is not verified.
const CLIENT_ASSERTION: &str = "client_assertion";

/// The name under which a fault is waived; `None` where it is not: a registered client that must
/// authenticate and sends no secret has a bug that any secret would cure. Whether an assertion is believed
/// is decided once the server has refused it: a rule may stand behind it.
fn waived_as(fault: &ClientFault) -> Option<&'static str> {
    match fault {
        ClientFault::WrongSecret
        | ClientFault::SecretOfPublicClient
        | ClientFault::SecretInsteadOfAssertion => Some("secret"),
        ClientFault::WrongMethod(_) => Some("token_endpoint_auth_method"),
        ClientFault::Assertion(_)
        | ClientFault::Missing
        | ClientFault::Scheme
        | ClientFault::MalformedBasic
        | ClientFault::Unknown => None,
    }
}

/// A redirect URI as production takes it, with the port of a loopback address free, or else as it is.
fn redirect_uri(uri: &str) -> Option<RedirectUri> {
    uri.parse().or_else(|_| RedirectUri::exactly(uri)).ok()
}
