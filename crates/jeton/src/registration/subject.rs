//! By which subjects the client knows people (OpenID Connect Core §8).

use super::{Terms, invalid::InvalidMetadata, sent::Sent};
use crate::{
    client::{ClientRecord, Sector, SubjectType},
    grant::GrantType,
};

const SUBJECT_TYPE: &str = "subject_type";
const SECTOR_URI: &str = "sector_identifier_uri";

/// Takes over `subject_type` of a record that has its grant types and redirect URIs.
///
/// Whoever is in a sector sees its people as the sector does. By itself a client gets into that of the one
/// website to which all its codes go, so that it learns nothing which that website does not: without a
/// device code, and without an address that any program on a machine may have. Into another sector an operator
/// brings it. A `sector_identifier_uri` is not fetched, because strangers would choose what is.
pub(super) fn judge(
    sent: &Sent,
    terms: &Terms<'_>,
    record: &mut ClientRecord,
) -> Result<(), InvalidMetadata> {
    let Some(name) = sent.text(SUBJECT_TYPE)? else {
        return Ok(());
    };
    if !terms.subject_types.contains(&name) {
        return Err(fault(SUBJECT_TYPE, "one of subject_types_supported"));
    }
    record.subject_type = Some(name.to_owned());
    if name == "public" {
        return Ok(());
    }
    let uri = sent.text(SECTOR_URI)?;
    if uri.is_some() && uri != terms.sector_identifier_uri {
        return Err(fault(SECTOR_URI, "left out: an operator sets it"));
    }
    if terms.sector_identifier_uri.is_some() {
        return Ok(());
    }
    let uris = record.redirect_uris.iter().map(String::as_str);
    if Sector::of_websites(uris).is_none() {
        let expected = "public, unless all redirect_uris are of one website";
        return Err(fault(SUBJECT_TYPE, expected));
    }
    let grant_types = record.grant_types.iter().flatten();
    if grant_types
        .into_iter()
        .any(|it| it == GrantType::DeviceCode.as_str())
    {
        return Err(fault(SUBJECT_TYPE, "public with the grant device_code"));
    }
    Ok(())
}

/// Holds the subjects by which a client would know people after a change of its own against those by which it
/// does. People who logged in at one website would else be known to it as to another, of which it has no codes:
/// what they granted goes on. An operator may change either.
pub(crate) fn require_same_subjects(
    standing: &SubjectType,
    changed: &SubjectType,
) -> Result<(), InvalidMetadata> {
    if standing == changed {
        return Ok(());
    }
    Err(fault(
        SUBJECT_TYPE,
        "stays, and of a pairwise client the website of the redirect_uris: register another client",
    ))
}

fn fault(member: &'static str, expected: &'static str) -> InvalidMetadata {
    InvalidMetadata::Member { member, expected }
}
