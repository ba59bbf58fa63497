//! `/register` (RFC 7591 §3): a lenient issuer registers whoever asks, without an initial access token, which
//! production wants unless registration is open to everybody.

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use jeton::{
    CeilingRecord, Client, ClientAuthentication, ClientSecret, GrantType, SecretHash, SecretMethod,
};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{
    departures::Departures,
    json,
    layout::path_of,
    lenient::{on_loan, unregistered},
    random_id,
    visit::Visit,
};

/// The client that is lent to a registration without a token. It is nobody else's.
const REGISTRAR: &str = "jeton-mock-registrar";

/// The scope of an initial access token.
const REGISTER: &str = "jeton:register";

/// The scope of every registration, besides what it asks for.
const USUAL_SCOPE: &str = "openid profile email offline_access";

pub(super) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let is_without_token =
        request.method() == Method::POST && !request.headers().contains_key(AUTHORIZATION);
    let again = (visit.is_lenient() && is_without_token).then(|| request.clone());
    let response = visit.serve(request).await;
    if response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    match again {
        None => response,
        Some(again) => match register(visit, again).await {
            Some(registered) => {
                departures.waived.push("initial_access_token");
                registered
            }
            None => response,
        },
    }
}

/// The answer to the request with a token that it did not bring.
async fn register(visit: &Visit<'_>, mut request: Request<Bytes>) -> Option<Response<Bytes>> {
    let secret = random_id().ok()?;
    let registrar = registrar(visit, &request, &secret)?;
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", GrantType::ClientCredentials.as_str()),
            ("client_id", REGISTRAR),
            ("client_secret", &secret),
            ("scope", REGISTER),
        ])
        .finish();
    let token = Request::post(format!("{}/token", path_of(&visit.at.address.base)))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .ok()?;
    let token = on_loan(Some(registrar.clone()), visit.at.serve(token)).await;
    let token = json::read(&token)?;
    let token = token.get("access_token")?.as_str()?;
    let bearer = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    request.headers_mut().insert(AUTHORIZATION, bearer);
    Some(on_loan(Some(registrar), visit.at.serve(request)).await)
}

/// A client that may register one with all that the metadata asks for, but for rights over the server.
fn registrar(visit: &Visit<'_>, request: &Request<Bytes>, secret: &str) -> Option<Client> {
    let metadata: Map<String, Value> = serde_json::from_slice(request.body()).unwrap_or_default();
    let asked = metadata.get("scope").and_then(Value::as_str);
    let asked = asked.unwrap_or_default().split(' ');
    let scope: Vec<_> = USUAL_SCOPE
        .split(' ')
        .chain(asked.filter(|token| !token.is_empty() && !token.starts_with("jeton:")))
        .collect();
    let grant_types = GrantType::ALL.map(|it| it.as_str().to_owned());
    let ceiling = |scope: Option<String>| {
        let record = CeilingRecord {
            scope,
            grant_types: Some(grant_types.to_vec()),
            ..CeilingRecord::default()
        };
        record.parse().ok()
    };
    let mut client = unregistered(&REGISTRAR.parse().ok()?);
    client.authentication = ClientAuthentication::Secret {
        method: Some(SecretMethod::ClientSecretPost),
        secrets: vec![ClientSecret {
            hash: SecretHash::of(secret),
            expires_at: None,
        }],
    };
    client.scope = REGISTER.parse().ok()?;
    client.audiences = vec![visit.at.address.issuer.clone()];
    // What is no scope at all the server refuses itself.
    client.registration_ceiling = ceiling(Some(scope.join(" "))).or_else(|| ceiling(None));
    Some(client)
}
