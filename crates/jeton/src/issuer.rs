//! The issuer: what a deployment has, the same for every request. Nothing here knows of requests,
//! endpoints or grants, which are all above it.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    client::{Client, ClientId, SecretHash},
    config::Config,
    crypto::{Crypto, CryptoError},
    foreign_keys::{ForeignKeys, Verifier},
    host::{Capabilities, Host},
    inside::Inside,
    jose::{self, PublishedKeys, SigningKey, TokenType},
    keys::{Keyring, past_keys},
    ledger::{GrantId, Id128},
    refusal::Refusal,
    registry::{Clients, Store, TrustedIssuers},
    seal::SealKeys,
    secret_use::{NotedToday, SecretUse},
    time::{Seconds, UnixTime},
    token::TokenKeys,
};

mod offers;

pub(crate) use offers::Offers;

/// The key type of a host's cryptography.
type KeyOf<H> = <<H as Host>::Crypto as Crypto>::Key;

/// A deployment: its configuration, its capabilities, and the keys that follow from both.
pub(crate) struct Issuer<H: Host> {
    config: Config,
    offers: Offers,
    store: Arc<Store<H::Registry>>,
    clients: Clients<H::Registry>,
    trusted_issuers: TrustedIssuers<H::Registry>,
    ledger: Option<H::Ledger>,
    crypto: H::Crypto,
    fetch: H::Fetch,
    people: H::People,
    foreign_keys: ForeignKeys,
    noted_today: NotedToday,
    keyring: Keyring<KeyOf<H>>,
    tokens: TokenKeys,
    seals: SealKeys,
    user_code_key: Zeroizing<[u8; 32]>,
}

impl<H: Host> Issuer<H> {
    /// Imports no key and reads no store: that waits for the first request that needs it.
    pub(crate) fn new(config: Config, capabilities: Capabilities<H>) -> Self {
        let Capabilities {
            registry,
            ledger,
            crypto,
            fetch,
            people,
        } = capabilities;
        let offers = Offers::new(&config, ledger.as_ref(), &registry);
        let store = Arc::new(Store::new(&config, registry));
        let max_age = config.registry_max_age();
        let context = config.key_context().as_bytes();
        let newest = config.secrets().newest();
        let user_code_key = newest.derive(&[b"jeton/v1", b"user code", context]);
        Self {
            offers,
            clients: Clients::new(config.clients(), Arc::clone(&store), max_age),
            trusted_issuers: TrustedIssuers::new(config.trust(), Arc::clone(&store), max_age),
            store,
            ledger,
            crypto,
            fetch,
            people,
            foreign_keys: ForeignKeys::new(),
            noted_today: NotedToday::new(),
            keyring: Keyring::new(),
            tokens: TokenKeys::new(&config),
            seals: SealKeys::new(&config),
            user_code_key,
            config,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The features of this deployment.
    pub(crate) fn offers(&self) -> &Offers {
        &self.offers
    }

    /// The URL of a path beneath the issuer's.
    pub(crate) fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.config.issuer().base())
    }

    /// The `action` of a form on a page of ours: a path beneath the issuer's, on the host that the
    /// browser knows.
    pub(crate) fn action(&self, path: &str) -> String {
        format!("{}{path}", self.config.issuer().path())
    }

    /// How long an access token of `client` for `audiences` lives.
    pub(crate) fn access_token_lifetime(&self, client: &Client, audiences: &[String]) -> Seconds {
        let own = client.access_token_lifetime_at(audiences);
        own.unwrap_or(self.config.access_token_lifetime())
    }

    /// The registered documents, as they stand.
    pub(crate) fn store(&self) -> &Store<H::Registry> {
        &self.store
    }

    pub(crate) fn clients(&self) -> &Clients<H::Registry> {
        &self.clients
    }

    /// The issuers whose tokens stand for clients.
    pub(crate) fn trusted_issuers(&self) -> &TrustedIssuers<H::Registry> {
        &self.trusted_issuers
    }

    /// The use of a client's secret, if it is to be noted: one of a registered client, where there is a
    /// ledger, once a day. Of those in `JETON_CLIENTS` the configuration is the only list.
    pub(crate) fn use_to_note(
        &self,
        client: &ClientId,
        secret: &SecretHash,
        now: UnixTime,
    ) -> Option<SecretUse> {
        if self.ledger.is_none() || self.clients.is_configured(client) {
            return None;
        }
        self.noted_today.first_use(secret, now)
    }

    /// The ledger; refused where the host has none.
    pub(crate) fn ledger(&self) -> Result<&H::Ledger, Refusal> {
        self.ledger
            .as_ref()
            .ok_or(Refusal::NotConfigured("a ledger"))
    }

    pub(crate) fn crypto(&self) -> &H::Crypto {
        &self.crypto
    }

    pub(crate) fn people(&self) -> &H::People {
        &self.people
    }

    /// What the login application in this process may have of the deployment.
    pub(crate) fn inside(&self) -> Inside<'_, H> {
        Inside {
            config: &self.config,
            clients: &self.clients,
            ledger: self.ledger.as_ref(),
            crypto: &self.crypto,
            fetch: &self.fetch,
            seals: &self.seals,
        }
    }

    /// What verifies the JWTs of others at `now`.
    pub(crate) fn verifier(&self, now: UnixTime) -> Verifier<'_, H::Fetch, H::Crypto> {
        Verifier {
            keys: &self.foreign_keys,
            fetch: &self.fetch,
            reach: self.config.reach(),
            crypto: &self.crypto,
            now,
        }
    }

    pub(crate) fn tokens(&self) -> &TokenKeys {
        &self.tokens
    }

    pub(crate) fn seals(&self) -> &SealKeys {
        &self.seals
    }

    pub(crate) fn user_code_key(&self) -> &[u8] {
        self.user_code_key.as_ref()
    }

    /// The id of a new client.
    pub(crate) fn new_client_id(&self) -> Result<String, CryptoError> {
        let Id128(random) = self.random_id()?;
        Ok(self.store.ids().make(&random))
    }

    /// 128 fresh random bits.
    pub(crate) fn random_id(&self) -> Result<Id128, CryptoError> {
        let mut bytes = [0; 16];
        self.crypto.fill(&mut bytes)?;
        Ok(Id128(bytes))
    }

    /// The id of a new grant to `client`.
    pub(crate) fn new_grant_id(&self, client: &ClientId) -> Result<GrantId, CryptoError> {
        Ok(Id128::of_grant(client, self.random_id()?))
    }

    /// The key that signs `algorithm` at `now`.
    pub(crate) async fn signing_key(
        &self,
        algorithm: Algorithm,
        now: UnixTime,
    ) -> Result<Arc<SigningKey<KeyOf<H>>>, CryptoError> {
        self.keyring
            .signing(&self.config, &self.crypto, algorithm, now)
            .await
    }

    /// The keys in JWKS at `now`.
    pub(crate) async fn published_keys(
        &self,
        now: UnixTime,
    ) -> Result<Arc<PublishedKeys>, CryptoError> {
        self.keyring
            .published(&self.config, &self.crypto, now)
            .await
    }

    /// The claims of a JWT of ours of this `typ`, verified with the keys in JWKS at `now`; `None` for any
    /// other text. `exp` is not checked.
    pub(crate) async fn own_claims<T: DeserializeOwned>(
        &self,
        typ: TokenType,
        text: &str,
        now: UnixTime,
    ) -> Result<Option<T>, CryptoError> {
        let Some(token) = jose::parse_own(typ, text) else {
            return Ok(None);
        };
        let published = self.published_keys(now).await?;
        jose::own_claims(&self.crypto, &published.keys, token).await
    }

    /// The same for a JWT of however long ago, as long as a grant can live. Which keys verify it its `iat`
    /// says: not believed for that, but the keys of any other time have not signed it.
    pub(crate) async fn past_claims<T: DeserializeOwned>(
        &self,
        typ: TokenType,
        text: &str,
        now: UnixTime,
    ) -> Result<Option<T>, CryptoError> {
        let Some(token) = jose::parse_own(typ, text) else {
            return Ok(None);
        };
        let issued_at = token.claimed("iat").and_then(Value::as_u64);
        let issued_at = issued_at.map_or(now, UnixTime);
        let (config, crypto) = (&self.config, &self.crypto);
        match past_keys(config, crypto, token.algorithm(), issued_at, now).await? {
            Some(keys) => jose::own_claims(crypto, &keys, token).await,
            None => {
                let published = self.published_keys(now).await?;
                jose::own_claims(crypto, &published.keys, token).await
            }
        }
    }
}
