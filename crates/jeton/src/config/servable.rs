//! Whether a deployment can serve what is registered with it: its algorithms, and what it may reach.

use jsonwebtoken::Algorithm;

use super::Config;
use crate::{
    api::Api,
    client::{Client, ClientAuthentication, ClientKeys, SubjectType},
    fetch::Unreachable,
};

/// Why a deployment cannot serve a client or an API as it is registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unservable {
    /// A member names an algorithm that this deployment does not sign with.
    #[error("{0}: {1:?} is not among the algorithms of this deployment (JETON_SIGNING_ALGS)")]
    Algorithm(&'static str, Algorithm),
    /// Keys that cannot be fetched.
    #[error("jwks_uri: {0}")]
    Keys(#[from] Unreachable),
    /// Pairwise subjects, and nothing to make them of.
    #[error("subject_type: pairwise needs JETON_PAIRWISE_SALT, of which the subjects are made")]
    NoSalt,
    /// An API that is this server.
    #[error("{0}: the issuer identifier is this server's own")]
    OwnIdentifier(&'static str),
}

impl Config {
    /// Checks that this deployment can serve the client.
    ///
    /// # Errors
    /// It has not the algorithm that a member names, nothing to make pairwise subjects of, or may not fetch
    /// its keys.
    pub(crate) fn require_servable_client(&self, client: &Client) -> Result<(), Unservable> {
        self.require_algorithm(
            "access_token_signed_response_alg",
            client.access_token_signed_response_alg,
        )?;
        self.require_algorithm(
            "id_token_signed_response_alg",
            client.id_token_signed_response_alg,
        )?;
        if client.subject_type != SubjectType::Public && self.pairwise_salt.is_none() {
            return Err(Unservable::NoSalt);
        }
        if let ClientAuthentication::PrivateKeyJwt(keys) = &client.authentication
            && let ClientKeys::Uri(url) = &keys.keys
        {
            self.reach.url(url)?;
        }
        Ok(())
    }

    /// Checks that this deployment can serve the API.
    ///
    /// # Errors
    /// It has not the algorithm that the API names, or the API has its name.
    pub(crate) fn require_servable(&self, api: &Api) -> Result<(), Unservable> {
        self.require_algorithm(
            "access_token_signed_response_alg",
            api.access_token_signed_response_alg,
        )?;
        if api.is_named(self.issuer.as_str()) {
            return Err(Unservable::OwnIdentifier("identifier, aliases"));
        }
        Ok(())
    }

    fn require_algorithm(
        &self,
        member: &'static str,
        algorithm: Option<Algorithm>,
    ) -> Result<(), Unservable> {
        match algorithm {
            Some(algorithm) if !self.signing_algorithms.contains(&algorithm) => {
                Err(Unservable::Algorithm(member, algorithm))
            }
            _ => Ok(()),
        }
    }
}
