//! Client metadata that a client sends of itself (RFC 7591 §2, OpenID Connect Dynamic Client Registration
//! 1.0 §2), judged: what is asked for and offered here is registered, what is out of the question is
//! refused with its name, and what is not understood is left out.
//!
//! ```text
//! sent.rs        the members as they were sent, by type
//! protocol.rs    how the client authenticates and what flows it uses
//! subject.rs     by which subjects it knows people
//! words.rs       what people read of it
//! ```
//!
//! Nothing is taken from a request but what stands here: of the members that are ours, which give rights or
//! weaken what protects people, none. What a client has beyond this, its ceiling or an operator gives it.

use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use crate::{
    client::{Ceiling, ClientRecord},
    fetch::Reach,
    grant::GrantType,
};

mod invalid;
mod protocol;
mod sent;
mod subject;
mod words;

pub(crate) use invalid::{InvalidMetadata, LONGEST_METADATA};
use sent::Sent;
pub(crate) use sent::{LONGEST_TEXT, MOST_LISTED};
pub(crate) use subject::require_same_subjects;
pub(crate) use words::LONGEST_NAME;

/// What metadata is judged by.
pub(crate) struct Terms<'a> {
    /// The most that the client may have.
    pub(crate) ceiling: &'a Ceiling,
    /// The grant types that the deployment offers.
    pub(crate) grant_types: &'a [GrantType],
    /// The algorithms that the deployment signs with.
    pub(crate) algorithms: &'a [Algorithm],
    /// Where keys may be fetched from.
    pub(crate) reach: &'a Reach,
    /// The subject types that the deployment has.
    pub(crate) subject_types: &'a [&'static str],
    /// The `sector_identifier_uri` that an operator has given the client.
    pub(crate) sector_identifier_uri: Option<&'a str>,
}

/// The record of a client with this metadata, and with the defaults of RFC 7591 §2 filled in: all of it but
/// the client's id, its secrets, and what is kept of its registration.
///
/// # Errors
/// The first member that cannot be registered.
pub(crate) fn judge(
    metadata: Map<String, Value>,
    terms: &Terms<'_>,
) -> Result<ClientRecord, InvalidMetadata> {
    let sent = Sent(metadata);
    sent.refuse_statement()?;
    sent.refuse_unsupported()?;
    let mut record = ClientRecord::default();
    protocol::judge(&sent, terms, &mut record)?;
    subject::judge(&sent, terms, &mut record)?;
    words::judge(&sent, &mut record)?;
    Ok(record)
}

#[cfg(test)]
mod tests;
