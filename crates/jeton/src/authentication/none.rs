//! `none`: a public client only says who it is.

use super::{Presented, Proof};
use crate::{
    client::{Client, ClientAuthentication},
    parameters::Parameters,
    refusal::ClientFault,
};

pub(super) fn read(parameters: &Parameters<'_>) -> Option<Presented> {
    Some(Presented {
        client_id: parameters.get("client_id")?.to_owned(),
        proof: Proof::None,
    })
}

pub(super) fn check(client: &Client) -> Result<(), ClientFault> {
    match client.authentication {
        ClientAuthentication::None => Ok(()),
        ClientAuthentication::Secret { .. }
        | ClientAuthentication::PrivateKeyJwt(_)
        | ClientAuthentication::Federated
        | ClientAuthentication::BuiltIn
        | ClientAuthentication::UnverifiedAssertion => Err(ClientFault::Missing),
    }
}
