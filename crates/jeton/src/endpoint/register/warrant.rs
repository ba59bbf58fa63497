//! By what a client may register: an access token (RFC 7591 §1.2, initial access token), or nothing where
//! everybody may.

use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

use crate::{
    audit::Audit,
    client::Ceiling,
    endpoint::{management::Manager, network::network_of},
    host::Host,
    ledger::{Ledger, Marker},
    management_scope::REGISTER,
    refusal::{BearerFault, Refusal, RegistrationFault},
    request::At,
    time::{LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
};

/// How many clients one network registers in a day where everybody may, if the ceiling does not say. A company
/// is one network, and each of its programs may register itself when it is set up.
pub(crate) const REGISTRATIONS_OF_NETWORK: u32 = 100;

/// The same where the host knows no address, whatever the ceiling says: they may be everybody's.
pub(crate) const REGISTRATIONS_WITHOUT_ADDRESS: u32 = 10_000;

const DAY: Seconds = Seconds::from_days(1);

/// What lets a client register.
pub(super) struct Warrant {
    /// The most that the client may have.
    pub(super) ceiling: Ceiling,
    limit: Option<Limit>,
}

/// A number of clients, counted by the ledger.
struct Limit {
    counter: Marker,
    most: u32,
    until: UnixTime,
    exceeded: Refusal,
}

/// A client that was counted.
pub(super) struct Counted<'a>(Option<&'a Limit>);

impl Warrant {
    /// What lets the request register a client. Whoever sends a token means it: one that is no good is
    /// refused also where none is needed.
    pub(super) async fn of<H: Host>(at: &At<'_, H>, audit: &mut Audit) -> Result<Self, Refusal> {
        match at.issuer.config().registration() {
            Some(ceiling) if !at.request.headers.contains_key(AUTHORIZATION) => {
                Ok(Self::of_everybody(at, ceiling))
            }
            _ => Self::of_token(at, audit).await,
        }
    }

    /// The ceiling of the token, which cannot be higher than its client's is by now.
    async fn of_token<H: Host>(at: &At<'_, H>, audit: &mut Audit) -> Result<Self, Refusal> {
        let manager = Manager::of(at, &[REGISTER], audit).await?;
        let said = manager.registration.as_ref().map(|it| it.parse());
        // Only we write such claims, but perhaps another release of us.
        let said = said.transpose().map_err(|_| BearerFault::Invalid)?;
        let said = said.unwrap_or_default();
        let ceiling = match &manager.client.registration_ceiling {
            Some(now) => said.within(now),
            None => said,
        };
        let limit = ceiling.count.map(|most| Limit::of(&manager, most, at.now));
        Ok(Self { ceiling, limit })
    }

    /// Counted by network, as whatever strangers do: a number for all together one of them would use up.
    fn of_everybody<H: Host>(at: &At<'_, H>, ceiling: &Ceiling) -> Self {
        let of_network = ceiling.count.unwrap_or(REGISTRATIONS_OF_NETWORK);
        let most = match at.request.address {
            Some(_) => of_network,
            None => of_network.max(REGISTRATIONS_WITHOUT_ADDRESS),
        };
        let limit = Limit {
            counter: Marker::new("registrations", format_args!("network:{}", network_of(at))),
            most,
            until: at.now + DAY,
            exceeded: RegistrationFault::TooMany.into(),
        };
        Self {
            ceiling: ceiling.clone(),
            limit: Some(limit),
        }
    }

    /// Counts a client, before it is registered: of many at once no more are than may be.
    pub(super) async fn count<H: Host>(&self, at: &At<'_, H>) -> Result<Counted<'_>, Refusal> {
        let Some(limit) = &self.limit else {
            return Ok(Counted(None));
        };
        let ledger = at.issuer.ledger()?;
        let counted = ledger.count(&limit.counter, limit.until, at.now).await?;
        if counted > limit.most {
            return Err(limit.exceeded.clone());
        }
        Ok(Counted(Some(limit)))
    }
}

impl Limit {
    /// Of a client, a day: it gets as many tokens as it asks for. Of the client that is built in, whose tokens
    /// are made one by one for whom they are handed to, each token.
    fn of(manager: &Manager, most: u32, now: UnixTime) -> Self {
        let client = &manager.client.id;
        if client.is_built_in() {
            return Self {
                counter: Marker::of_digest("registrations", &Sha256::digest(&manager.jti)),
                most,
                // No token lives longer.
                until: now + LONGEST_TOKEN_LIFETIME,
                exceeded: BearerFault::UsedUp.into(),
            };
        }
        Self {
            counter: Marker::new("registrations", format_args!("client:{client}")),
            most,
            until: now + DAY,
            exceeded: RegistrationFault::TooMany.into(),
        }
    }
}

impl Counted<'_> {
    /// Uncounts a client that was not registered after all. Where the ledger fails, it stays counted: the
    /// limit is then reached by one client fewer.
    pub(super) async fn take_back<H: Host>(self, at: &At<'_, H>) {
        if let (Some(limit), Ok(ledger)) = (self.0, at.issuer.ledger()) {
            let _ = ledger.uncount(&limit.counter, at.now).await;
        }
    }
}
