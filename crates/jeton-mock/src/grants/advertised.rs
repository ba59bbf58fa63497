//! What the metadata documents say of the mock's own grants (RFC 8414 §2): exactly what is on.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};

use crate::{
    issuer::Issuer,
    json,
    spec::{Grant, Strictness},
};

const IMPLICIT: [&str; 3] = ["id_token", "id_token token", "token"];
const HYBRID: [&str; 3] = ["code id_token", "code token", "code id_token token"];

/// Adds to a metadata document what the issuer has besides. Where that is nothing it stays the server's, to
/// the letter.
pub(crate) fn advertise(issuer: &Issuer, response: &mut Response<Bytes>) {
    let has_any = Grant::ALL.iter().any(|grant| issuer.has_grant(*grant));
    if has_any || issuer.strictness() == Strictness::Lenient {
        json::edit(response, |document| add_to(issuer, document));
    }
}

fn add_to(issuer: &Issuer, document: &mut Map<String, Value>) {
    let mut add = |member: &str, values: &[&str]| {
        if let Some(Value::Array(list)) = document.get_mut(member) {
            list.extend(values.iter().map(|value| Value::from(*value)));
        }
    };
    let [password, implicit, hybrid] = Grant::ALL.map(|grant| issuer.has_grant(grant));
    if implicit {
        add("response_types_supported", &IMPLICIT);
    }
    if hybrid {
        add("response_types_supported", &HYBRID);
    }
    if implicit || hybrid {
        add("grant_types_supported", &["implicit"]);
    }
    if password {
        add("grant_types_supported", &["password"]);
    }
    if issuer.has_fragments() {
        add("response_modes_supported", &["fragment"]);
    }
    if issuer.strictness() == Strictness::Lenient {
        // Nobody fetches the document: any client will do.
        let member = "client_id_metadata_document_supported";
        document.insert(member.to_owned(), Value::Bool(true));
    }
}
