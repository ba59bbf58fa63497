//! Access tokens for the management interface, made where the configuration is at hand: the first one has
//! to come from somewhere.

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::Server;
use crate::{
    audit::Audit,
    authentication::Caller,
    client::{CeilingRecord, Client, InvalidCeiling},
    crypto::CryptoError,
    host::Host,
    issue,
    management_scope::{MANAGEMENT_SCOPES, REGISTER},
    refusal::Refusal,
    request::{At, Incoming, Sender},
    route::Segments,
    scope::Scope,
    target::Portion,
    time::{LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
};

/// The longest life of a token for the management interface that is made at the command line, in seconds.
pub const LONGEST_MANAGEMENT_TOKEN: Seconds = Seconds(300);

/// An access token for the management interface that is to be made.
#[derive(Clone, Debug)]
pub struct ManagementToken {
    /// Some of [`MANAGEMENT_SCOPES`].
    pub scope: Scope,
    /// At most [`LONGEST_MANAGEMENT_TOKEN`]; with `jeton:register` alone at most 29 days, because it is
    /// handed to others.
    pub lifetime: Seconds,
    /// What clients may have that register by it: the claim `registration`.
    pub registration: Option<CeilingRecord>,
}

/// Why a [`ManagementToken`] is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidManagementToken {
    /// No scope, or one of something else.
    #[error("scope: some of {}", MANAGEMENT_SCOPES.join(", "))]
    Scope,
    /// A life that is too long, or none.
    #[error("lifetime: 1 to {most} seconds", most = .0.0)]
    Lifetime(Seconds),
    /// A ceiling without the scope that it is the ceiling of.
    #[error("registration: goes with the scope jeton:register")]
    Registration,
    /// A ceiling that is none.
    #[error(transparent)]
    Ceiling(#[from] InvalidCeiling),
    /// The key is missing, or cannot sign.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// It could not be made.
    #[error("the token could not be made")]
    Unexpected,
}

impl<H: Host> Server<H> {
    /// An access token for the management interface, of the client that is built in.
    ///
    /// # Errors
    /// Scope, lifetime or ceiling are not such a token's, or the deployment's key cannot sign.
    pub async fn management_token(
        &self,
        token: ManagementToken,
        now: UnixTime,
    ) -> Result<String, InvalidManagementToken> {
        let ManagementToken {
            scope,
            lifetime,
            registration,
        } = token;
        let is_known = |token| MANAGEMENT_SCOPES.contains(&token);
        if scope.is_empty() || !scope.iter().all(is_known) {
            return Err(InvalidManagementToken::Scope);
        }
        let longest = if scope.iter().eq([REGISTER]) {
            LONGEST_TOKEN_LIFETIME
        } else {
            LONGEST_MANAGEMENT_TOKEN
        };
        if !(Seconds(1)..=longest).contains(&lifetime) {
            return Err(InvalidManagementToken::Lifetime(longest));
        }
        if registration.is_some() && !scope.contains(REGISTER) {
            return Err(InvalidManagementToken::Registration);
        }
        let client = Client::built_in().ok_or(InvalidManagementToken::Unexpected)?;
        let client = Client {
            access_token_lifetime: Some(lifetime),
            registration_ceiling: registration.map(|record| record.parse()).transpose()?,
            ..client
        };
        let request = Incoming {
            method: &Method::POST,
            path: "",
            segments: Segments::default(),
            query: "",
            headers: &HeaderMap::new(),
            body: &Bytes::new(),
            address: None,
            sender: Sender::Stranger,
        };
        let at = At {
            issuer: &self.issuer,
            request: &request,
            now,
        };
        let portion = Portion {
            scope,
            audiences: vec![self.issuer.config().issuer().as_str().to_owned()],
        };
        let caller = Caller::of(client.into());
        let mut audit = Audit::default();
        let made = issue::to_client(&at, &caller, portion, &mut audit).await;
        match made {
            Ok(tokens) => Ok(tokens.access_token),
            Err(Refusal::Crypto(error)) => Err(error.into()),
            Err(_) => Err(InvalidManagementToken::Unexpected),
        }
    }
}
