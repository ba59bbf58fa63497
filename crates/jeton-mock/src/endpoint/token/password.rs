//! `password` (RFC 6749 §4.3): a login that nobody is asked for. The client authenticates as with any grant,
//! where the code of the login is redeemed.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

use crate::{
    departures::Departures,
    grants::{Person, Redemption, Unasked},
    json::json_error,
    lenient::Wanted,
    login::find_user,
    spec::User,
    visit::Visit,
};

/// The parameters that say what tokens are to be for.
const TARGETS: [&str; 4] = ["scope", "resource", "audience", "claims"];

/// The parameters by which a client authenticates.
const CREDENTIALS: [&str; 4] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// The server's answer with the tokens, or its refusal.
pub(super) async fn respond(
    visit: &Visit<'_>,
    request: &Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    match log_in(visit, departures).await {
        Ok(redemption) => {
            departures.waive(&["grant_type"]);
            redeem(visit, request, &redemption, departures).await
        }
        Err((error, description)) => {
            // A client that is refused learns that first.
            let refused = redeem(visit, request, &Redemption::of_nothing(), departures).await;
            let of_code = error_of(&refused).as_deref() == Some("invalid_grant");
            if of_code {
                json_error(StatusCode::BAD_REQUEST, &error, &description)
            } else {
                refused
            }
        }
    }
}

/// The code of the login.
async fn log_in(
    visit: &Visit<'_>,
    departures: &mut Departures,
) -> Result<Redemption, (String, String)> {
    let (asked, at) = (&visit.asked, &visit.at);
    let refused = |error: &str, why: &str| (error.to_owned(), why.to_owned());
    let required = |name: &str| {
        let why = format!("the parameter {name} is missing");
        asked
            .get(name)
            .ok_or_else(|| refused("invalid_request", &why))
    };
    let (username, password) = (required("username")?, required("password")?);
    let users = at.issuer.users();
    let user = find_user(&users, username);
    let is_right = user.is_some_and(|user| user.password.as_deref() == Some(password));
    if !visit.is_lenient() && !is_right {
        let why = "the username or the password is wrong";
        return Err(refused("invalid_grant", why));
    }
    match user {
        None => departures.waive(&["username"]),
        Some(User { password, .. }) if password.is_some() && !is_right => {
            departures.waive(&["password"]);
        }
        Some(_) => {}
    }
    let client_id = visit.sender().unwrap_or_default();
    let client =
        Wanted::login(&client_id, asked).and_then(|wanted| visit.client_for(&wanted, departures));
    let client = client.ok_or_else(|| refused("invalid_client", "there is no such client"))?;
    let targets = asked.pairs().into_iter().flatten();
    let login = Unasked {
        at,
        client,
        parameters: targets.filter(|(name, _)| TARGETS.contains(name)).collect(),
    };
    let person = Person {
        subject: user.map_or(username, |user| &user.sub).to_owned(),
        claims: None,
        auth_time: at.now,
    };
    login.log_in(person).await
}

/// The server's answer to the code, for the client that sent the request.
async fn redeem(
    visit: &Visit<'_>,
    request: &Request<Bytes>,
    redemption: &Redemption,
    departures: &mut Departures,
) -> Response<Bytes> {
    let pairs = visit.asked.pairs().into_iter().flatten();
    let credentials = pairs.filter(|(name, _)| CREDENTIALS.contains(name));
    let request = redemption.request(&visit.at, Some(request), credentials);
    let presented = visit.asked.presented.as_ref();
    let wanted = presented.and_then(Wanted::authentication);
    let mut own = Departures::default();
    let response = visit.serve_wanted(wanted, request, &mut own).await;
    departures.waive(&own.waived);
    response
}

fn error_of(response: &Response<Bytes>) -> Option<String> {
    let body: Value = serde_json::from_slice(response.body()).ok()?;
    Some(body.get("error")?.as_str()?.to_owned())
}
