//! Limits on what strangers begin and guess. Each counts for somebody: a subject, a network, or a client
//! in a network. None counts for all together, because one stranger would use it up for everybody.
//!
//! Networks are as `endpoint/network.rs` has them. Requests of which the host does not know the address are
//! one network, which may begin more devices: whoever hides the address gains no more than that.

use crate::{
    client::{Client, ClientAuthentication},
    endpoint::{authorize::sealed::hash_of, network::network_of},
    host::Host,
    ledger::{Ledger, Marker},
    refusal::{DeviceFault, Refusal, RequestFault},
    request::At,
    time::Seconds,
};

/// How long is counted, from the first that counts.
const STRETCH: Seconds = Seconds(10 * 60);

/// The most devices that a public client begins in one network. A carrier or a campus is one network for
/// all its subscribers, and a device waits for as long as this is counted.
pub(crate) const DEVICES_OF_PUBLIC_CLIENT: u32 = 300;

/// The same for a client that has authenticated: a service that begins for all the devices of its users,
/// and can be told apart from strangers.
pub(crate) const DEVICES_OF_CONFIDENTIAL_CLIENT: u32 = 10_000;

/// The most devices that a public client begins where the host knows no address: they may be everybody's.
pub(crate) const DEVICES_WITHOUT_ADDRESS: u32 = 10_000;

/// The most wrong user codes of one subject (RFC 8628 §5.1). There are 20^8 codes.
pub(crate) const WRONG_CODES_OF_SUBJECT: u32 = 10;

/// How many wrong user codes make a network one in which somebody guesses, with many accounts.
pub(crate) const WRONG_CODES_OF_NETWORK: u32 = 100;

/// The most wrong user codes of one subject in such a network: enough for typing errors, so that whoever
/// guesses there stops nobody else.
pub(crate) const WRONG_CODES_WHERE_GUESSED: u32 = 3;

/// Counts a device that `client` begins. Refused where it has begun too many: before anything is stored
/// for one.
pub(in crate::endpoint) async fn count_device<H: Host>(
    at: &At<'_, H>,
    client: &Client,
) -> Result<(), Refusal> {
    let network = network_of(at);
    let most = match client.authentication {
        ClientAuthentication::None if at.request.address.is_none() => DEVICES_WITHOUT_ADDRESS,
        ClientAuthentication::None => DEVICES_OF_PUBLIC_CLIENT,
        _ => DEVICES_OF_CONFIDENTIAL_CLIENT,
    };
    let client = hash_of(client.id.as_str());
    let counter = Marker::new("devices", format_args!("{client}:{network}"));
    if count(at, &counter).await? > most {
        return Err(RequestFault::TooManyDevices.into());
    }
    Ok(())
}

/// An attempt at a user code that was counted as wrong. Counted before it is known: of many attempts at
/// once no more are looked up than the limit allows.
pub(super) struct Attempt([Marker; 2]);

impl Attempt {
    /// Counts an attempt of `subject`; refused where there were too many.
    pub(super) async fn count<H: Host>(at: &At<'_, H>, subject: &str) -> Result<Self, Refusal> {
        let kind = "wrong_user_codes";
        let of_subject = Marker::new(kind, format_args!("subject:{}", hash_of(subject)));
        let by_subject = count(at, &of_subject).await?;
        if by_subject > WRONG_CODES_OF_SUBJECT {
            return Err(DeviceFault::TooManyAttempts.into());
        }
        let of_network = Marker::new(kind, format_args!("network:{}", network_of(at)));
        let in_network = count(at, &of_network).await?;
        if in_network > WRONG_CODES_OF_NETWORK && by_subject > WRONG_CODES_WHERE_GUESSED {
            return Err(DeviceFault::TooManyAttempts.into());
        }
        Ok(Self([of_subject, of_network]))
    }

    /// Takes it back: the code was right.
    pub(super) async fn uncount<H: Host>(self, at: &At<'_, H>) -> Result<(), Refusal> {
        let ledger = at.issuer.ledger()?;
        for counter in &self.0 {
            ledger.uncount(counter, at.now).await?;
        }
        Ok(())
    }
}

async fn count<H: Host>(at: &At<'_, H>, counter: &Marker) -> Result<u32, Refusal> {
    let ledger = at.issuer.ledger()?;
    Ok(ledger.count(counter, at.now + STRETCH, at.now).await?)
}
