//! The subject of a token or an answer as its readers see it. Inside, a person has the subject that the login
//! application gave them: grants, cut-offs, consents, the management interface and the log have that one.
//! What goes to a client has a [`ShownSubject`], so that none is sent by mistake as it stands inside.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    client::{Client, ClientId, SubjectType},
    host::Host,
    issuer::Issuer,
    refusal::Refusal,
    secret::PairwiseSalt,
};

/// A `sub` that goes to a client, or comes from one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ShownSubject<'a>(Cow<'a, str>);

impl<'a> ShownSubject<'a> {
    /// A person, as `client` knows them (OpenID Connect Core §8).
    ///
    /// # Errors
    /// The client has pairwise subjects, and the deployment no salt to make them of.
    pub(crate) fn of_person<H: Host>(
        issuer: &Issuer<H>,
        client: &Client,
        person: &'a str,
    ) -> Result<Self, Refusal> {
        match &client.subject_type {
            SubjectType::Public => Ok(Self(person.into())),
            SubjectType::Pairwise(sector) => {
                let salt = salt_of(issuer)?;
                Ok(Self(salt.subject_of(person, sector.as_str()).into()))
            }
        }
    }

    /// Checks that people can be shown to `client`, before anything is used up for it.
    ///
    /// # Errors
    /// Those of [`Self::of_person`].
    pub(crate) fn require_possible<H: Host>(
        issuer: &Issuer<H>,
        client: &Client,
    ) -> Result<(), Refusal> {
        match client.subject_type {
            SubjectType::Public => Ok(()),
            SubjectType::Pairwise(_) => salt_of(issuer).map(drop),
        }
    }

    /// A client that is its own subject (RFC 9068 §2.2).
    pub(crate) fn of_client(client: &'a ClientId) -> Self {
        Self(client.as_str().into())
    }

    /// A subject that is known by what somebody sent: a trusted issuer's token that the client has itself, or
    /// the client's request.
    pub(crate) fn sent(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, of a longer life.
    pub(crate) fn into_owned(self) -> ShownSubject<'static> {
        ShownSubject(self.into_string().into())
    }

    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
    }
}

fn salt_of<H: Host>(issuer: &Issuer<H>) -> Result<&PairwiseSalt, Refusal> {
    let salt = issuer.config().pairwise_salt();
    salt.ok_or(Refusal::NotConfigured("JETON_PAIRWISE_SALT"))
}

impl fmt::Display for ShownSubject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
