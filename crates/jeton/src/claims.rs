//! Claims about a person (OpenID Connect Core §5): which names are the server's own, which claims a
//! scope asks for, and what a login application may give.

use serde_json::{Map, Value};

use crate::delegation::MayAct;

mod object;
mod request;

pub(crate) use object::DEEPEST;
pub use object::InvalidObject;
pub(crate) use object::object;
pub use object::parse_object;
pub(crate) use request::{ClaimsRequest, InvalidClaimsRequest, MOST_REQUESTED_CLAIMS};

/// The longest `claims` that a login application may give, in bytes of JSON, both as they were sent and as
/// they are kept: `1e15` becomes `1000000000000000.0`.
pub const LONGEST_CLAIMS: usize = 32 * 1024;

/// The longest claims about a person, or a client, in one token, in bytes of JSON.
pub const LONGEST_TOKEN_CLAIMS: usize = 4096;

/// The longest `acr`, in bytes. It stands in the record of the grant, which moves with each refresh.
pub(crate) const LONGEST_ACR: usize = 255;

/// The longest `amr`, in bytes of JSON.
pub(crate) const LONGEST_AMR: usize = 512;

/// The claims that say how a person was authenticated (OpenID Connect Core §2), beside `auth_time`.
pub(crate) const AUTHENTICATION_CLAIMS: [&str; 2] = ["acr", "amr"];

/// Claims that are decided by, so what is given for them is checked: [`AUTHENTICATION_CLAIMS`], and who may
/// act for the subject (RFC 8693 §4.4).
const CHECKED_CLAIMS: [&str; 3] = ["acr", "amr", MAY_ACT];

/// The claim that says who may act for the subject of a token (RFC 8693 §4.4).
pub(crate) const MAY_ACT: &str = "may_act";

/// Names of claims that nobody can give: those that the server makes itself, and those by which others
/// would take a token for more than it is.
const RESERVED_CLAIMS: [&str; 25] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "nonce",
    "auth_time",
    "at_hash",
    "c_hash",
    "s_hash",
    "azp",
    "sid",
    "cnf",
    "act",
    "exchanged_from",
    "registration",
    "client_id",
    "scope",
    "authorization_details",
    "events",
    "typ",
    "token_type",
    "active",
];

/// The scopes that ask for standard claims, and the claims of each (OpenID Connect Core §5.4).
const CLAIMS_BY_SCOPE: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// Why claims are refused. It holds nothing that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaims {
    /// Longer than [`LONGEST_CLAIMS`].
    #[error("the claims are more than {LONGEST_CLAIMS} bytes of JSON")]
    TooLong,
    /// Not a JSON object that is read the same by everyone.
    #[error("the claims {0}")]
    Object(#[from] InvalidObject),
    /// One of the names that are the server's own.
    #[error("the claims have {0}, which the server alone says, however it is written")]
    Reserved(&'static str),
    /// `acr` (OpenID Connect Core §2).
    #[error("acr is no string of 1 to {LONGEST_ACR} bytes")]
    Acr,
    /// `amr` (OpenID Connect Core §2).
    #[error("amr is no array of strings, or more than {LONGEST_AMR} bytes of JSON")]
    Amr,
    /// `may_act` (RFC 8693 §4.4).
    #[error("may_act is no object of strings: sub or client_id, and perhaps iss")]
    MayAct,
}

/// The claims in `json`, as a login application may give them.
///
/// # Errors
/// What is wrong with them.
pub fn read_claims(json: &str) -> Result<Map<String, Value>, InvalidClaims> {
    if json.len() > LONGEST_CLAIMS {
        return Err(InvalidClaims::TooLong);
    }
    let claims = parse_object(json)?;
    if length(&claims) > LONGEST_CLAIMS {
        return Err(InvalidClaims::TooLong);
    }
    check_claims(&claims)?;
    Ok(claims)
}

/// Checks names and types of claims that were read.
///
/// # Errors
/// A name is reserved, or `acr`, `amr` or `may_act` is none.
pub fn check_claims(claims: &Map<String, Value>) -> Result<(), InvalidClaims> {
    let mut claims = claims.iter();
    claims.try_for_each(|(name, value)| check_claim(name, value))
}

/// Whether [`read_claims`] would take the claim: a login application can leave it out that would not be taken
/// with all the others.
#[must_use]
pub fn may_be_given(name: &str, value: &Value) -> bool {
    check_claim(name, value).is_ok() && object::is_read_alike(value)
}

fn check_claim(name: &str, value: &Value) -> Result<(), InvalidClaims> {
    if let Some(reserved) = reserved_claim(name) {
        return Err(InvalidClaims::Reserved(reserved));
    }
    let (is_good, fault) = match name {
        "acr" => {
            let length = value.as_str().map(str::len);
            let is_good = length.is_some_and(|length| (1..=LONGEST_ACR).contains(&length));
            (is_good, InvalidClaims::Acr)
        }
        "amr" => {
            let methods = value.as_array();
            let is_good = methods.is_some_and(|methods| methods.iter().all(Value::is_string))
                && value.to_string().len() <= LONGEST_AMR;
            (is_good, InvalidClaims::Amr)
        }
        MAY_ACT => (MayAct::is_well_formed(value), InvalidClaims::MayAct),
        _ => return Ok(()),
    };
    if is_good { Ok(()) } else { Err(fault) }
}

/// The name of the server's own that `name` is, or that a reader would take it for who does not tell
/// letters by their case, as Go's `encoding/json` does not. So `acr`, `amr` and `may_act` are good as they
/// are, and in no other letters.
#[must_use]
pub fn reserved_claim(name: &str) -> Option<&'static str> {
    if CHECKED_CLAIMS.contains(&name) {
        return None;
    }
    RESERVED_CLAIMS
        .into_iter()
        .chain(CHECKED_CLAIMS)
        .find(|own| folded(name).eq(own.chars()))
}

/// `text` in small letters, by Unicode's simple case folding as far as it leads to ASCII: the long s is
/// an s and the Kelvin sign a k.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().map(|letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => letter.to_ascii_lowercase(),
    })
}

/// How long the claims are, in bytes of JSON.
pub(crate) fn length(claims: &Map<String, Value>) -> usize {
    serde_json::to_string(claims).map_or(usize::MAX, |json| json.len())
}

/// The scope that asks for the standard claim `name` (OpenID Connect Core §5.4); `None` of any other
/// claim.
#[must_use]
pub fn scope_of(name: &str) -> Option<&'static str> {
    CLAIMS_BY_SCOPE
        .iter()
        .find(|(_, claims)| claims.contains(&name))
        .map(|(scope, _)| *scope)
}

/// Every standard claim that a scope asks for.
pub(crate) fn standard_claims() -> impl Iterator<Item = &'static str> {
    let claims = CLAIMS_BY_SCOPE.iter().flat_map(|(_, claims)| *claims);
    claims.copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<(), InvalidClaims>) {
        assert_eq!(read_claims(json).map(drop), expected, "{json}");
    }

    #[test]
    fn what_a_login_application_may_give() {
        check("{}", Ok(()));
        check(r#"{"email":"a@x","roles":["a"],"n":1.5,"x":null}"#, Ok(()));
        check(r#"{"acr":"urn:x","amr":["pwd","otp"]}"#, Ok(()));
        check(r#"{"amr":[]}"#, Ok(()));
        for (json, fault) in [
            ("", InvalidObject::NotJson),
            ("{name}", InvalidObject::NotJson),
            ("{} {}", InvalidObject::NotJson),
            ("[]", InvalidObject::NotAnObject),
            ("null", InvalidObject::NotAnObject),
            (r#"{"a":1,"a":1}"#, InvalidObject::Twice),
        ] {
            check(json, Err(InvalidClaims::Object(fault)));
        }
        for json in [r#"{"acr":1}"#, r#"{"acr":""}"#, r#"{"acr":["1"]}"#] {
            check(json, Err(InvalidClaims::Acr));
        }
        for json in [r#"{"amr":"pwd"}"#, r#"{"amr":[1]}"#, r#"{"amr":null}"#] {
            check(json, Err(InvalidClaims::Amr));
        }
        check(r#"{"may_act":{"sub":"gateway"}}"#, Ok(()));
        for json in [
            r#"{"may_act":"gateway"}"#,
            r#"{"may_act":{}}"#,
            r#"{"may_act":{"sub":["gateway"]}}"#,
            r#"{"may_act":{"sub":"gateway","email":"a@x"}}"#,
        ] {
            check(json, Err(InvalidClaims::MayAct));
        }
    }

    #[test]
    fn how_long_each_may_be() {
        let sized = |name: &str, bytes: usize| {
            let frame = format!(r#"{{"{name}":""}}"#).len();
            format!(r#"{{"{name}":"{}"}}"#, "x".repeat(bytes - frame))
        };
        check(&sized("a", LONGEST_CLAIMS), Ok(()));
        check(&sized("a", LONGEST_CLAIMS + 1), Err(InvalidClaims::TooLong));
        let numbers = |count| format!(r#"{{"a":[{}]}}"#, vec!["1e15"; count].join(","));
        check(&numbers(1600), Ok(()));
        check(&numbers(1800), Err(InvalidClaims::TooLong));
        check(&sized("acr", 10 + LONGEST_ACR), Ok(()));
        check(&sized("acr", 11 + LONGEST_ACR), Err(InvalidClaims::Acr));
        let amr = |bytes| format!(r#"{{"amr":["{}"]}}"#, "x".repeat(bytes));
        check(&amr(LONGEST_AMR - 4), Ok(()));
        check(&amr(LONGEST_AMR - 3), Err(InvalidClaims::Amr));
    }

    #[test]
    fn a_name_of_the_servers_own_in_any_letters() {
        for own in RESERVED_CLAIMS {
            assert_eq!(reserved_claim(own), Some(own));
            assert_eq!(reserved_claim(&own.to_uppercase()), Some(own));
        }
        assert_eq!(reserved_claim("i\u{17f}s"), Some("iss"));
        assert_eq!(reserved_claim("to\u{212a}en_type"), Some("token_type"));
        assert_eq!(reserved_claim("Acr"), Some("acr"));
        assert_eq!(reserved_claim("MAY_ACT"), Some("may_act"));
        for other in [
            "acr", "amr", "may_act", "issuer", "su", "", "roles", "naïve",
        ] {
            assert_eq!(reserved_claim(other), None, "{other}");
        }
    }

    #[test]
    fn standard_claims_have_a_scope() {
        assert_eq!(scope_of("email_verified"), Some("email"));
        assert_eq!(scope_of("roles"), None);
        assert!(standard_claims().all(|name| scope_of(name).is_some()));
    }
}
