//! One issuer as a Rust test drives it.

use std::{fmt, sync::Arc, time::Duration};

use jeton::{ApiRecord, ClientRecord, TrustRecord};
use jsonwebtoken::Algorithm;

use crate::{
    clock::ClockState,
    issuer::Issuer,
    journal::{Entry, Filter},
    keys::{KeyAction, KeyError, KeyInfo},
    mint::{MintError, MintRequest, Minted},
    provider::Provider,
    spec::{ClaimRule, ClockSpec, Endpoint, Fault, InvalidSpec, User},
};

/// How long [`MockIssuer::take`] waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// One issuer of a [`MockProvider`](crate::MockProvider).
#[derive(Clone)]
pub struct MockIssuer {
    pub(crate) provider: Arc<Provider>,
    pub(crate) name: String,
}

impl fmt::Debug for MockIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MockIssuer").field(&self.url()).finish()
    }
}

impl MockIssuer {
    /// The issuer as it is now; one that was deleted meanwhile is made again.
    fn state(&self) -> Result<Arc<Issuer>, InvalidSpec> {
        Ok(self.provider.find_or_make(&self.name)?)
    }

    fn at(&self, endpoint: Endpoint) -> String {
        let base = self.provider.addresses().pinned(&self.name).base;
        let profile = self.provider.profile_of(&self.name);
        let path = profile.as_ref().and_then(|it| it.path(endpoint));
        format!("{base}{}", path.unwrap_or(endpoint.path()))
    }

    /// The issuer identifier.
    #[must_use]
    pub fn url(&self) -> String {
        self.provider.pinned(&self.name).issuer
    }

    /// RFC 6749 §3.2.
    #[must_use]
    pub fn token_endpoint(&self) -> String {
        self.at(Endpoint::Token)
    }

    /// RFC 6749 §3.1.
    #[must_use]
    pub fn authorization_endpoint(&self) -> String {
        self.at(Endpoint::Authorize)
    }

    /// RFC 8628 §3.1.
    #[must_use]
    pub fn device_authorization_endpoint(&self) -> String {
        self.at(Endpoint::DeviceAuthorization)
    }

    /// RFC 7662 §2.
    #[must_use]
    pub fn introspection_endpoint(&self) -> String {
        self.at(Endpoint::Introspect)
    }

    /// RFC 7009 §2.
    #[must_use]
    pub fn revocation_endpoint(&self) -> String {
        self.at(Endpoint::Revoke)
    }

    /// OpenID Connect Core §5.3.
    #[must_use]
    pub fn userinfo_endpoint(&self) -> String {
        self.at(Endpoint::Userinfo)
    }

    /// OpenID Connect RP-Initiated Logout 1.0 §2.
    #[must_use]
    pub fn end_session_endpoint(&self) -> String {
        self.at(Endpoint::EndSession)
    }

    /// RFC 7517 §5.
    #[must_use]
    pub fn jwks_uri(&self) -> String {
        self.at(Endpoint::Jwks)
    }

    /// OpenID Connect Discovery 1.0 §4.
    #[must_use]
    pub fn openid_configuration(&self) -> String {
        self.at(Endpoint::OpenidConfiguration)
    }

    /// Adds a user, in place of one with the same `sub`.
    ///
    /// # Errors
    /// The user is not sound.
    pub fn put_user(&self, user: User) -> Result<(), InvalidSpec> {
        self.state()?.put_user(user)
    }

    /// Removes a user; `false` if nobody has that `sub`.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn remove_user(&self, sub: &str) -> Result<bool, InvalidSpec> {
        Ok(self.state()?.remove_user(sub))
    }

    /// Adds a client, in place of one with the same `client_id`.
    ///
    /// # Errors
    /// The metadata is not sound.
    pub fn put_client(&self, client: impl Into<ClientRecord>) -> Result<(), InvalidSpec> {
        self.state()?.put_client(client.into()).map(|_| ())
    }

    /// Removes a client; `false` if none has that `client_id`.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn remove_client(&self, client_id: &str) -> Result<bool, InvalidSpec> {
        Ok(self.state()?.remove_client(client_id))
    }

    /// Adds an API, in place of one with the same `identifier`.
    ///
    /// # Errors
    /// The record is not sound.
    pub fn put_api(&self, api: ApiRecord) -> Result<(), InvalidSpec> {
        self.state()?.put_api(api).map(|_| ())
    }

    /// Removes an API; `false` if none has that `identifier`.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn remove_api(&self, identifier: &str) -> Result<bool, InvalidSpec> {
        Ok(self.state()?.remove_api(identifier))
    }

    /// Trusts an issuer, by a document in place of the one that is there.
    ///
    /// # Errors
    /// The document is not sound.
    pub fn put_trust(&self, document: TrustRecord) -> Result<(), InvalidSpec> {
        self.state()?.put_trust(document).map(|_| ())
    }

    /// Trusts an issuer no longer; `false` if it was not trusted.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn remove_trust(&self, issuer: &str) -> Result<bool, InvalidSpec> {
        Ok(self.state()?.remove_trust(issuer))
    }

    /// Adds a rule about claims, after those that are there; the answer is its id.
    ///
    /// # Errors
    /// A template of it is none.
    pub fn add_claim_rule(&self, rule: ClaimRule) -> Result<u64, InvalidSpec> {
        Ok(self.state()?.add_rule(rule)?.id)
    }

    /// Removes a rule about claims; `false` if there is none with that id.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn remove_claim_rule(&self, id: u64) -> Result<bool, InvalidSpec> {
        Ok(self.state()?.remove_rule(id))
    }

    /// Removes every rule about claims, those it was made with as well.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn clear_claim_rules(&self) -> Result<(), InvalidSpec> {
        self.state()?.clear_rules();
        Ok(())
    }

    /// Adds a fault; the answer is its id.
    ///
    /// # Errors
    /// The fault could never act.
    pub fn add_fault(&self, fault: Fault) -> Result<u64, InvalidSpec> {
        Ok(self.state()?.add_fault(fault)?.id)
    }

    /// Removes a fault; `false` if there is none with that id.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn remove_fault(&self, id: u64) -> Result<bool, InvalidSpec> {
        Ok(self.state()?.remove_fault(id))
    }

    /// Removes every fault, those it was made with as well.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn clear_faults(&self) -> Result<(), InvalidSpec> {
        self.state()?.clear_faults();
        Ok(())
    }

    /// What its clock shows.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn clock(&self) -> Result<ClockState, InvalidSpec> {
        Ok(self.state()?.clock())
    }

    /// Moves its clock.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn move_clock(&self, spec: &ClockSpec) -> Result<ClockState, InvalidSpec> {
        self.state()?.move_clock(spec)
    }

    /// Moves its clock ahead by whole seconds.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn advance(&self, length: Duration) -> Result<ClockState, InvalidSpec> {
        self.move_clock(&ClockSpec {
            advance: Some(i64::try_from(length.as_secs()).unwrap_or(i64::MAX)),
            ..ClockSpec::default()
        })
    }

    /// Stops its clock.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn freeze(&self) -> Result<ClockState, InvalidSpec> {
        self.move_clock(&ClockSpec {
            freeze: Some(true),
            ..ClockSpec::default()
        })
    }

    /// Sets its clock to a time in seconds since 1970.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn set_time(&self, seconds: u64) -> Result<ClockState, InvalidSpec> {
        self.move_clock(&ClockSpec {
            set: Some(seconds),
            ..ClockSpec::default()
        })
    }

    /// Changes its signing keys, of every algorithm.
    ///
    /// # Errors
    /// There is nothing to switch to, or the keys are configured.
    pub async fn change_keys(&self, action: KeyAction) -> Result<Vec<KeyInfo>, KeyError> {
        let state = self.state().map_err(KeyError::Issuer)?;
        state.change_keys(action, None).await
    }

    /// Changes its signing keys of one algorithm.
    ///
    /// # Errors
    /// As [`Self::change_keys`]; or the issuer does not sign by it.
    pub async fn change_keys_of(
        &self,
        algorithm: Algorithm,
        action: KeyAction,
    ) -> Result<Vec<KeyInfo>, KeyError> {
        let state = self.state().map_err(KeyError::Issuer)?;
        state.change_keys(action, Some(algorithm)).await
    }

    /// Signs any claims.
    ///
    /// # Errors
    /// The request asks for what is not there.
    pub async fn mint(&self, request: &MintRequest) -> Result<Minted, MintError> {
        let address = self.provider.pinned(&self.name);
        self.state()?.mint(request, &address).await
    }

    /// The newest requests, the newest last.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub fn journal(&self, filter: &Filter) -> Result<Vec<Entry>, InvalidSpec> {
        Ok(self.state()?.journal().entries(filter))
    }

    /// The oldest request that nobody has taken, waiting five seconds for it.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub async fn take(&self, filter: &Filter) -> Result<Option<Entry>, InvalidSpec> {
        self.take_within(filter, PATIENCE).await
    }

    /// The oldest request that nobody has taken, waiting for it as long as `patience`.
    ///
    /// # Errors
    /// The issuer cannot be made again.
    pub async fn take_within(
        &self,
        filter: &Filter,
        patience: Duration,
    ) -> Result<Option<Entry>, InvalidSpec> {
        Ok(self.state()?.take(filter, patience).await)
    }

    /// Restores everything as the issuer was made.
    ///
    /// # Errors
    /// The system has no entropy.
    pub fn reset(&self) -> Result<(), InvalidSpec> {
        self.provider.reset(&self.name).map(|_| ())
    }
}
