//! Configuration: typed for programs, and one set of `JETON_*` names for every host.

use jsonwebtoken::Algorithm;
use url::Url;

use crate::{
    api::Api,
    client::{Ceiling, Client},
    fetch::{Loopback, Reach},
    jwk::{PrivateKey, SuppliedKeys},
    mode::Mode,
    secret::{PairwiseSalt, Secrets},
    time::{Seconds, UnixTime},
    trust::TrustedIssuer,
};

mod frame;
mod issuer;
mod lookup;
mod mistakes;
mod servable;
mod settings;

pub use frame::{Frame, Theme};
pub(crate) use issuer::Transport;
pub use issuer::{InvalidIssuer, IssuerIdentifier};
pub use mistakes::{ConfigError, Mistake, Mistakes};
pub use settings::{SETTINGS, Setting};

/// The configuration of a deployment, parsed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    mode: Mode,
    issuer: IssuerIdentifier,
    proxy_strips: String,
    reach: Reach,
    key_context: String,
    secrets: Secrets,
    pairwise_salt: Option<PairwiseSalt>,
    supplied_keys: SuppliedKeys,
    signing_algorithms: Vec<Algorithm>,
    key_serial: u32,
    clients: Vec<Client>,
    apis: Vec<Api>,
    registration: Option<Ceiling>,
    trust: Vec<TrustedIssuer>,
    access_token_lifetime: Seconds,
    registry_max_age: Seconds,
    unregistered_scopes: UnregisteredScopes,
    login_url: Option<Url>,
    logout_url: Option<Url>,
    grants_not_before: UnixTime,
    frame: Frame,
    ui_locales: &'static [&'static str],
}

/// What becomes of a scope token that a client asks for and is not registered for:
/// `JETON_UNREGISTERED_SCOPES`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnregisteredScopes {
    /// `invalid_scope` (RFC 6749 §5.2): the client finds its mistake.
    #[default]
    Refuse,
    /// It is left out (OpenID Connect Core §3.1.2.1), and the token response says what was granted.
    Ignore,
}

impl Config {
    /// The configuration of `issuer` with keys derived from `secrets` and the default of every other
    /// setting. The `with_` methods change one setting each.
    #[must_use]
    pub fn new(mode: Mode, issuer: IssuerIdentifier, secrets: Secrets) -> Self {
        Self {
            mode,
            reach: reach(mode, &issuer),
            frame: Frame::of_deployment(&issuer),
            key_context: issuer.to_string(),
            issuer,
            proxy_strips: String::new(),
            secrets,
            pairwise_salt: None,
            supplied_keys: SuppliedKeys::default(),
            signing_algorithms: vec![Algorithm::ES256],
            key_serial: 0,
            clients: Vec::new(),
            apis: Vec::new(),
            registration: None,
            trust: Vec::new(),
            access_token_lifetime: Seconds(3600),
            registry_max_age: Seconds(60),
            unregistered_scopes: UnregisteredScopes::Refuse,
            login_url: None,
            logout_url: None,
            grants_not_before: UnixTime(0),
            ui_locales: &[],
        }
    }

    /// The same deployment under another issuer identifier: `JETON_ISSUER`. Its keys are bound to
    /// that one, unless [`Self::with_key_context`] says otherwise afterwards.
    #[must_use]
    pub fn with_issuer(self, issuer: IssuerIdentifier) -> Self {
        Self {
            reach: reach(self.mode, &issuer),
            frame: Frame::of_deployment(&issuer),
            key_context: issuer.to_string(),
            issuer,
            ..self
        }
    }

    /// The configuration with its keys bound to `context` in place of the issuer: for a deployment
    /// that is known by several addresses and must honour at one what it issued at another.
    #[must_use]
    pub fn with_key_context(self, context: impl Into<String>) -> Self {
        Self {
            key_context: context.into(),
            ..self
        }
    }

    /// `JETON_PROXY_STRIPS`: the beginning of the issuer's path that requests come without; empty where
    /// they come with all of it.
    #[must_use]
    pub fn with_proxy_strips(self, path: impl Into<String>) -> Self {
        Self {
            proxy_strips: path.into(),
            ..self
        }
    }

    /// `JETON_SECRET`.
    #[must_use]
    pub fn with_secrets(self, secrets: Secrets) -> Self {
        Self { secrets, ..self }
    }

    /// `JETON_PAIRWISE_SALT`: clients may have pairwise subjects.
    #[must_use]
    pub fn with_pairwise_salt(self, salt: PairwiseSalt) -> Self {
        Self {
            pairwise_salt: Some(salt),
            ..self
        }
    }

    /// `JETON_SIGNING_JWKS`: these keys in place of derived ones. Of each algorithm the first key
    /// signs and all are published; the algorithm of the first key is the default.
    #[must_use]
    pub fn with_signing_keys(self, keys: Vec<PrivateKey>) -> Self {
        self.with_supplied_keys(SuppliedKeys::new(keys))
    }

    fn with_supplied_keys(mut self, keys: SuppliedKeys) -> Self {
        let algorithms = keys.algorithms();
        if !algorithms.is_empty() {
            self.signing_algorithms = algorithms;
        }
        self.supplied_keys = keys;
        self
    }

    /// `JETON_CLIENTS`.
    #[must_use]
    pub fn with_clients(self, clients: Vec<Client>) -> Self {
        Self { clients, ..self }
    }

    /// `JETON_APIS`: these APIs, beside those that are registered.
    #[must_use]
    pub fn with_apis(self, apis: Vec<Api>) -> Self {
        Self { apis, ..self }
    }

    /// `JETON_REGISTRATION`: anybody may register clients, which have this ceiling.
    #[must_use]
    pub fn with_registration(self, ceiling: Ceiling) -> Self {
        Self {
            registration: Some(ceiling),
            ..self
        }
    }

    /// `JETON_TRUST`: these issuers, beside those that are registered.
    #[must_use]
    pub fn with_trust(self, trust: Vec<TrustedIssuer>) -> Self {
        Self { trust, ..self }
    }

    /// `JETON_ACCESS_TOKEN_LIFETIME`.
    #[must_use]
    pub fn with_access_token_lifetime(self, lifetime: Seconds) -> Self {
        Self {
            access_token_lifetime: lifetime,
            ..self
        }
    }

    /// `JETON_REGISTRY_MAX_AGE`.
    #[must_use]
    pub fn with_registry_max_age(self, age: Seconds) -> Self {
        Self {
            registry_max_age: age,
            ..self
        }
    }

    /// `JETON_UNREGISTERED_SCOPES`.
    #[must_use]
    pub fn with_unregistered_scopes(self, unregistered_scopes: UnregisteredScopes) -> Self {
        Self {
            unregistered_scopes,
            ..self
        }
    }

    /// `JETON_LOGIN_URL`.
    #[must_use]
    pub fn with_login_url(self, url: Url) -> Self {
        Self {
            login_url: Some(url),
            ..self
        }
    }

    /// `JETON_LOGOUT_URL`.
    #[must_use]
    pub fn with_logout_url(self, url: Url) -> Self {
        Self {
            logout_url: Some(url),
            ..self
        }
    }

    /// What the deployment may fetch from, in place of the default: for a host whose
    /// [`Fetch`](crate::Fetch) answers by itself.
    #[must_use]
    pub fn with_reach(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// What stands around its pages, in place of the name of its host.
    #[must_use]
    pub fn with_frame(self, frame: Frame) -> Self {
        Self { frame, ..self }
    }

    /// The deployment has a login application of its own: at `login` and `logout`, with pages in this `frame`
    /// and in these languages, as tags (RFC 5646). Of one that is elsewhere they are not known.
    pub fn have_login_application(
        &mut self,
        login: Url,
        logout: Url,
        frame: Frame,
        ui_locales: &'static [&'static str],
    ) {
        self.login_url = Some(login);
        self.logout_url = Some(logout);
        self.frame = frame;
        self.ui_locales = ui_locales;
    }

    /// What whoever starts the deployment should read: it takes what production refuses.
    pub fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let development = (self.mode == Mode::Development).then_some(
            "JETON_DEVELOPMENT is true: http, weak client secrets and keys that everyone has are accepted",
        );
        let public = self.secrets.are_public().then_some(
            "JETON_SECRET is a mock's: everyone knows it, and can sign every token of this deployment",
        );
        development.into_iter().chain(public)
    }

    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &IssuerIdentifier {
        &self.issuer
    }

    /// The beginning of the issuer's path that a proxy in front has taken off; empty where none does.
    #[must_use]
    pub fn proxy_strips(&self) -> &str {
        &self.proxy_strips
    }

    /// What the deployment may fetch from.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The name that derived keys, codes and refresh tokens are bound to: the issuer, unless
    /// [`Self::with_key_context`] says otherwise.
    pub(crate) fn key_context(&self) -> &str {
        &self.key_context
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// What pairwise subjects are made of; `None`: no client may have them.
    pub(crate) fn pairwise_salt(&self) -> Option<&PairwiseSalt> {
        self.pairwise_salt.as_ref()
    }

    /// The subject types that clients may have (OpenID Connect Core §8).
    pub(crate) fn subject_types(&self) -> &'static [&'static str] {
        match self.pairwise_salt {
            Some(_) => &["public", "pairwise"],
            None => &["public"],
        }
    }

    pub(crate) fn supplied_keys(&self) -> &SuppliedKeys {
        &self.supplied_keys
    }

    /// The algorithms that are signed with. Never empty; the first is the default.
    #[must_use]
    pub fn signing_algorithms(&self) -> &[Algorithm] {
        &self.signing_algorithms
    }

    pub(crate) fn default_algorithm(&self) -> Algorithm {
        self.signing_algorithms
            .first()
            .copied()
            .unwrap_or(Algorithm::ES256)
    }

    pub(crate) fn key_serial(&self) -> u32 {
        self.key_serial
    }

    /// The ceiling of clients that anybody may register; `None`: nobody may without an access token.
    pub(crate) fn registration(&self) -> Option<&Ceiling> {
        self.registration.as_ref()
    }

    pub(crate) fn apis(&self) -> &[Api] {
        &self.apis
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    pub(crate) fn trust(&self) -> &[TrustedIssuer] {
        &self.trust
    }

    pub(crate) fn access_token_lifetime(&self) -> Seconds {
        self.access_token_lifetime
    }

    /// The languages of the login application's pages, where they are known.
    pub(crate) fn ui_locales(&self) -> &'static [&'static str] {
        self.ui_locales
    }

    /// The address of the login application, where people log in; `None`: there is no authorization
    /// endpoint.
    #[must_use]
    pub fn login_url(&self) -> Option<&Url> {
        self.login_url.as_ref()
    }

    /// The address where the login application ends its own session.
    #[must_use]
    pub fn logout_url(&self) -> Option<&Url> {
        self.logout_url.as_ref()
    }

    /// What stands around its pages.
    #[must_use]
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    pub(crate) fn grants_not_before(&self) -> UnixTime {
        self.grants_not_before
    }

    pub(crate) fn unregistered_scopes(&self) -> UnregisteredScopes {
        self.unregistered_scopes
    }

    pub(crate) fn registry_max_age(&self) -> Seconds {
        self.registry_max_age
    }
}

fn reach(mode: Mode, issuer: &IssuerIdentifier) -> Reach {
    let loopback = match mode {
        Mode::Production => Loopback::Refused,
        Mode::Development => Loopback::Admitted,
    };
    Reach::new(issuer.origin(), loopback)
}
