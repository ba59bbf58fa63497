//! A client secret, by whichever method it came.

use crate::{
    client::{Client, ClientAuthentication, SecretHash, SecretMethod},
    refusal::ClientFault,
    time::UnixTime,
};

pub(super) fn check(
    client: &Client,
    used: SecretMethod,
    presented: &SecretHash,
    now: UnixTime,
) -> Result<(), ClientFault> {
    let method = match &client.authentication {
        ClientAuthentication::Secret { method, .. } => method,
        ClientAuthentication::None => return Err(ClientFault::SecretOfPublicClient),
        ClientAuthentication::PrivateKeyJwt(_)
        | ClientAuthentication::Federated
        | ClientAuthentication::BuiltIn
        | ClientAuthentication::UnverifiedAssertion => {
            return Err(ClientFault::SecretInsteadOfAssertion);
        }
    };
    if !client.holds_secret(presented, now) {
        return Err(ClientFault::WrongSecret);
    }
    match method {
        Some(registered) if *registered != used => Err(ClientFault::WrongMethod(*registered)),
        _ => Ok(()),
    }
}
