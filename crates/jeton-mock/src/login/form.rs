//! What the login page's forms and the server say.

use jeton::{InvalidClaims, InvalidObject, LONGEST_SUBJECT, UnixTime, read_claims};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::sentence;
use crate::form::Form;

/// What a person is asked for: the server's answer at `/authorize/request`.
#[derive(Deserialize)]
pub(super) struct LoginRequest {
    /// `code`, or `device`: which one shows only after the login.
    pub(super) kind: String,
    pub(super) client_id: Option<String>,
    pub(super) client_name: Option<String>,
    pub(super) scope: Option<String>,
    /// What the tokens are for.
    #[serde(default)]
    pub(super) audiences: Vec<String>,
    /// Where the answer goes.
    pub(super) redirect_uri: Option<String>,
    #[serde(default)]
    prompt: String,
    max_age: Option<u64>,
    pub(super) login_hint: Option<String>,
    /// The person whom the client asks for.
    pub(super) sub: Option<String>,
}

impl LoginRequest {
    /// Whether `prompt` has this value (OpenID Connect Core §3.1.2.1).
    pub(super) fn prompts(&self, value: &str) -> bool {
        self.prompt.split(' ').any(|prompt| prompt == value)
    }

    /// Whether a person who is logged in already is to be asked again who they are.
    pub(super) fn anew(&self) -> bool {
        self.prompts("login") || self.prompts("select_account")
    }

    /// Whether the login of that person will do.
    pub(super) fn wants(&self, subject: &str) -> bool {
        self.sub.as_deref().is_none_or(|wanted| wanted == subject)
    }

    /// Whether a login at `auth_time` is recent enough.
    pub(super) fn allows(&self, auth_time: UnixTime, now: UnixTime) -> bool {
        self.max_age
            .is_none_or(|max_age| max_age > 0 && now.since(auth_time).0 <= max_age)
    }

    pub(super) fn scopes(&self) -> impl Iterator<Item = &str> {
        let scope = self.scope.as_deref().unwrap_or_default();
        scope.split(' ').filter(|token| !token.is_empty())
    }
}

impl Form {
    /// The subject to log in as, under the name that a button has for it, or under that of the free
    /// field, which is what mock-oauth2-server calls it.
    pub(super) fn subject(&self) -> Result<&str, &'static str> {
        match self.typed_subject() {
            "" => Err("Say who to be: the subject is empty."),
            long if long.len() > LONGEST_SUBJECT => {
                Err("The subject is longer than 255 characters.")
            }
            subject => Ok(subject),
        }
    }

    pub(super) fn typed_subject(&self) -> &str {
        let subject = self.get("subject").or_else(|| self.get("username"));
        subject.unwrap_or_default()
    }

    /// The claims that were typed, if any were.
    pub(super) fn claims(&self) -> Result<Option<Map<String, Value>>, String> {
        let typed = self.get("claims").map(str::trim).unwrap_or_default();
        if typed.is_empty() {
            return Ok(None);
        }
        read_claims(typed).map(Some).map_err(|fault| {
            if let Err(error) = serde_json::from_str::<Value>(typed) {
                return format!("The claims are no JSON: {error}.");
            }
            match fault {
                InvalidClaims::Object(InvalidObject::NotAnObject) => {
                    "The claims are JSON, but no object: write {\"name\": \"value\"}.".into()
                }
                fault => sentence(&fault.to_string()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use jeton::LONGEST_CLAIMS;
    use url::form_urlencoded;

    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Form {
        let encoded = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        Form::parse(encoded.as_bytes())
    }

    #[test]
    fn claims_are_an_object_that_the_server_takes() {
        for typed in ["", " \n", "{}", r#"{"email":"a@x","roles":["a"]}"#] {
            assert!(form(&[("claims", typed)]).claims().is_ok(), "{typed}");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(LONGEST_CLAIMS));
        for typed in ["{", "[]", "null", r#"{"iss":"x"}"#, &long] {
            assert!(form(&[("claims", typed)]).claims().is_err(), "{typed}");
        }
    }

    #[test]
    fn a_subject_comes_by_either_name() {
        for (pairs, expected) in [
            ([("subject", "alice"), ("username", "")], Some("alice")),
            ([("subject", ""), ("username", "dora")], Some("dora")),
            ([("subject", ""), ("username", "")], None),
        ] {
            assert_eq!(form(&pairs).subject().ok(), expected);
        }
        let long = "x".repeat(LONGEST_SUBJECT + 1);
        assert!(form(&[("username", &long)]).subject().is_err());
    }
}
