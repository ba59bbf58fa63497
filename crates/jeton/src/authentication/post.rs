//! `client_secret_post` (RFC 6749 §2.3.1): both halves as parameters in the body.

use super::{Presented, Proof};
use crate::{
    client::{SecretHash, SecretMethod},
    parameters::Parameters,
};

pub(super) fn is_used(parameters: &Parameters<'_>) -> bool {
    parameters.get("client_secret").is_some()
}

pub(super) fn read(parameters: &Parameters<'_>) -> Option<Presented> {
    let secret = parameters.get("client_secret")?;
    Some(Presented {
        client_id: parameters.get("client_id")?.to_owned(),
        proof: Proof::Secret(SecretMethod::ClientSecretPost, SecretHash::of(secret)),
    })
}
