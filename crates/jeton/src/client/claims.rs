//! Which claims a client is registered for: the members of its record, checked.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    claims::{self, AUTHENTICATION_CLAIMS, LONGEST_TOKEN_CLAIMS, MAY_ACT, reserved_claim},
    delegation::MayAct,
    inserted::inserted,
};

/// The longest name of a claim in a record, in bytes.
const LONGEST_NAME: usize = 255;

/// The members of a client's record that say which claims go where. All are ours.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRecord {
    /// Names of claims about the person that ID tokens have, beside how the person was authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_claims: Option<Vec<String>>,
    /// The same of access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_claims: Option<Vec<String>>,
    /// Names of the claims that `/userinfo` answers with. Absent: all but `acr` and `amr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_claims: Option<Vec<String>>,
    /// Claims about the client itself, in the tokens that it gets by `client_credentials`.
    #[serde(
        deserialize_with = "claims::object",
        skip_serializing_if = "Map::is_empty"
    )]
    pub client_claims: Map<String, Value>,
}

/// Which claims a client is registered for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisteredClaims {
    /// `id_token_claims`.
    pub id_token: BTreeSet<String>,
    /// `access_token_claims`.
    pub access_token: BTreeSet<String>,
    /// `userinfo_claims`; `None` where the record leaves it to the scope.
    pub userinfo: Option<BTreeSet<String>>,
    /// `client_claims`.
    pub client: Map<String, Value>,
}

/// Why the claims of a record are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaimNames {
    /// A name that is empty or too long.
    #[error("{0}: the name of a claim is 1 to {LONGEST_NAME} bytes")]
    Name(&'static str),
    /// A name that is the server's own.
    #[error("{member}: the server alone says {claim}, however it is written")]
    Reserved {
        /// The member.
        member: &'static str,
        /// The claim.
        claim: &'static str,
    },
    /// `may_act` in `client_claims`.
    #[error("client_claims: may_act is an object of strings: sub or client_id, and perhaps iss")]
    MayAct,
    /// `client_claims` are too long.
    #[error("client_claims: more than {LONGEST_TOKEN_CLAIMS} bytes of JSON")]
    TooLong,
}

impl RegisteredClaims {
    /// Whether one of the lists has the claim, so that a request may ask for it wherever it wants it.
    pub(crate) fn name(&self, claim: &str) -> bool {
        self.id_token.contains(claim)
            || self.access_token.contains(claim)
            || self
                .userinfo
                .as_ref()
                .is_some_and(|names| names.contains(claim))
    }
}

impl ClaimsRecord {
    /// The lists, for a check of their lengths.
    pub(super) fn lengths(&self) -> [(&'static str, usize); 3] {
        let length = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
        [
            ("id_token_claims", length(&self.id_token_claims)),
            ("access_token_claims", length(&self.access_token_claims)),
            ("userinfo_claims", length(&self.userinfo_claims)),
        ]
    }

    /// The claims, checked.
    pub(super) fn parse(self) -> Result<RegisteredClaims, InvalidClaimNames> {
        check_client_claims("client_claims", &self.client_claims)?;
        Ok(RegisteredClaims {
            id_token: token_claims("id_token_claims", self.id_token_claims)?,
            access_token: token_claims("access_token_claims", self.access_token_claims)?,
            userinfo: self
                .userinfo_claims
                .map(|names| checked("userinfo_claims", names))
                .transpose()?,
            client: self.client_claims,
        })
    }
}

/// The names of a list for tokens. `auth_time` is among what they have anyway, so a list may name it.
fn token_claims(
    member: &'static str,
    names: Option<Vec<String>>,
) -> Result<BTreeSet<String>, InvalidClaimNames> {
    let mut names = names.unwrap_or_default();
    names.retain(|name| name != "auth_time");
    checked(member, names)
}

fn checked(
    member: &'static str,
    names: Vec<String>,
) -> Result<BTreeSet<String>, InvalidClaimNames> {
    for name in &names {
        check_name(member, name)?;
    }
    Ok(inserted(names))
}

fn check_name(member: &'static str, name: &str) -> Result<(), InvalidClaimNames> {
    if !(1..=LONGEST_NAME).contains(&name.len()) {
        return Err(InvalidClaimNames::Name(member));
    }
    match reserved_claim(name) {
        None => Ok(()),
        Some(claim) => Err(InvalidClaimNames::Reserved { member, claim }),
    }
}

/// Nobody was authenticated for a client's own token (RFC 9068 §2.2.1), so it does not say how either.
pub(crate) fn check_client_claims(
    member: &'static str,
    given: &Map<String, Value>,
) -> Result<(), InvalidClaimNames> {
    for name in given.keys() {
        check_name(member, name)?;
        if let Some(claim) = AUTHENTICATION_CLAIMS.into_iter().find(|own| own == name) {
            return Err(InvalidClaimNames::Reserved { member, claim });
        }
    }
    if given
        .get(MAY_ACT)
        .is_some_and(|value| !MayAct::is_well_formed(value))
    {
        return Err(InvalidClaimNames::MayAct);
    }
    if claims::length(given) > LONGEST_TOKEN_CLAIMS {
        return Err(InvalidClaimNames::TooLong);
    }
    Ok(())
}
