//! What a client is told of its registration (RFC 7591 §3.2.1, RFC 7592 §3).

use serde_json::{Map, Value, json};

use crate::{
    client::{ClientRecord, NewSecret, SecretMethod, SecretRecord, expiry},
    host::Host,
    request::At,
    route::path,
    scope::Scope,
    time::UnixTime,
};

/// Members of a record that are its operator's affair.
const OF_OPERATOR: [&str; 8] = [
    "client_secret",
    "client_secrets",
    "registration",
    "registration_ceiling",
    "labels",
    "first_party",
    "login",
    "disabled",
];

/// What is told of a registration.
pub(super) struct Information<'a> {
    pub(super) record: &'a ClientRecord,
    /// A new secret, which is told this once.
    pub(super) secret: Option<&'a NewSecret>,
    /// The registration access token.
    pub(super) token: &'a str,
}

impl Information<'_> {
    /// All registered metadata, also what the server filled in.
    pub(super) fn members<H: Host>(&self, at: &At<'_, H>) -> Map<String, Value> {
        let record = self.record;
        let mut members = match serde_json::to_value(record) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        for member in OF_OPERATOR {
            members.remove(member);
        }
        let mut insert = |member: &str, value| members.insert(member.to_owned(), value);
        let scope = whole_scope(record);
        insert("scope", json!(scope));
        // RFC 7591 §2's default. Where a client names no method, its record has none.
        if record.token_endpoint_auth_method.is_none() {
            let default = SecretMethod::ClientSecretBasic.as_str();
            insert("token_endpoint_auth_method", default.into());
        }
        // OpenID Connect clients take it to be RS256 where it is not said.
        if scope.contains("openid") && record.id_token_signed_response_alg.is_none() {
            let algorithm = at.issuer.config().default_algorithm();
            insert("id_token_signed_response_alg", json!(algorithm));
        }
        if let Some(secret) = self.secret {
            insert("client_secret", secret.text().into());
        }
        if let Some(end) = end_of_secrets(record) {
            insert("client_secret_expires_at", json!(end));
        }
        let uri = path::REGISTERED.replace("{client_id}", &record.client_id);
        insert("registration_client_uri", at.issuer.url_of(&uri).into());
        insert("registration_access_token", self.token.into());
        members
    }
}

/// All the scope that the client registered: its own, and that of its APIs.
fn whole_scope(record: &ClientRecord) -> Scope {
    let of_apis = record.apis.iter().map(|api| api.scope.as_str());
    let scopes = record.scope.as_deref().into_iter().chain(of_apis);
    let scopes = scopes.filter_map(|scope| scope.parse::<Scope>().ok());
    scopes.fold(Scope::default(), |whole, more| whole.union(&more))
}

/// When the last of the client's secrets ends, which is when the client does at the latest; 0 for never
/// (RFC 7591 §3.2.1). `None` where its method has no secrets.
fn end_of_secrets(record: &ClientRecord) -> Option<UnixTime> {
    if !record.has_secret_method() {
        return None;
    }
    let never = UnixTime(u64::MAX);
    let ends = record.client_secrets.iter().map(SecretRecord::end);
    let last = ends.map(|end| end.unwrap_or(never)).max();
    let of_all = [record.secrets_end(), expiry(record.client_expires_at)];
    let end = last.into_iter().chain(of_all.into_iter().flatten()).min();
    Some(end.filter(|end| *end != never).unwrap_or(UnixTime(0)))
}
