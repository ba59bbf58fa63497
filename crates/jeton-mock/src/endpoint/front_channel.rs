//! The answers of the authorization endpoint that the server does not give: those with tokens, and those that
//! are no query. The server is asked for a code, which is what it has; the browser comes back with it to
//! where the server sends it on, and there the answer is made.

use bytes::Bytes;
use http::{Method, Request, Response, header::LOCATION};
use jeton::{Audit, ClientId, Grant as Record, GrantId};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::token::finish;
use crate::{
    departures::Departures,
    forge::{Jwt, at_hash},
    grants::{
        Awaited, Person, Redemption, ResponseMode, ResponseType, Unasked, WebMessage, challenge_of,
        new_verifier,
    },
    json::{read, write},
    layout::path_of,
    lenient::{Wanted, on_loan},
    spec::{Endpoint, Grant},
    visit::Visit,
};

/// The parameters that say what tokens are to be for.
const TARGETS: [&str; 3] = ["resource", "audience", "claims"];

/// The parameters that are the server's affair in another way.
const REWRITTEN: [&str; 2] = ["response_type", "response_mode"];

/// The parameters of a code that the client is to redeem.
const OF_CODE: [&str; 2] = ["code_challenge", "code_challenge_method"];

/// The members of a token response that an authorization response has (OpenID Connect Core §3.3.2.5).
const MEMBERS: [&str; 5] = [
    "access_token",
    "token_type",
    "expires_in",
    "scope",
    "id_token",
];

/// Why there are no tokens: the error and its description.
type Refusal = (String, String);

/// How an authorization request wants its answer, where that is not as the server gives it.
pub(super) struct Asking {
    response_type: ResponseType,
    response_mode: ResponseMode,
    /// What the request may not ask for so.
    fault: Option<&'static str>,
}

impl Asking {
    /// What the request asks for; `None` where it is the server's to answer, or to refuse.
    pub(super) fn read(visit: &Visit<'_>) -> Option<Self> {
        let asked = &visit.asked;
        let response_type = ResponseType::parse(asked.get("response_type")?)?;
        let issuer = visit.at.issuer;
        let is_on = match response_type.grant() {
            Some(grant) => issuer.has_grant(grant),
            None => issuer.has_fragments(),
        };
        let has_tokens = response_type.has_tokens();
        let mode = asked.get("response_mode");
        let response_mode = match mode {
            None | Some("query") if has_tokens => ResponseMode::Fragment,
            Some("fragment") => ResponseMode::Fragment,
            Some("form_post") if has_tokens && is_website(asked.get("redirect_uri")) => {
                ResponseMode::FormPost
            }
            Some(mode) if is_website(asked.get("redirect_uri")) => {
                ResponseMode::WebMessage(WebMessage::parse(mode)?)
            }
            _ => return None,
        };
        if !is_on {
            return None;
        }
        let scope = asked.get("scope");
        let lacks_openid = scope.is_some_and(|it| !it.split(' ').any(|token| token == "openid"));
        let fault = if has_tokens && mode == Some("query") {
            Some("response_mode is fragment or form_post where tokens are asked for")
        } else if response_type.id_token && lacks_openid {
            Some("scope has no openid, which an ID token needs")
        } else if response_type.id_token && asked.get("nonce").is_none() {
            Some("nonce is missing: an ID token of this endpoint needs one")
        } else {
            None
        };
        Some(Self {
            response_type,
            response_mode,
            fault,
        })
    }

    /// The answer: the redirect to the login, or the error, the way that the client asked for.
    pub(super) async fn respond(
        &self,
        visit: &Visit<'_>,
        mut request: Request<Bytes>,
        departures: &mut Departures,
    ) -> Response<Bytes> {
        let wanted = Wanted::authorization(&visit.asked);
        let Some(awaited) = self.awaited(visit) else {
            return visit.serve_wanted(wanted, request, departures).await;
        };
        let wanted = wanted.map(|wanted| match &awaited.verifier {
            Some(_) => wanted.protected(),
            None => wanted,
        });
        ask_for_code(visit, &awaited, &mut request);
        let mut response = visit.serve_wanted(wanted, request, departures).await;
        if let Some(parameters) = awaited.parameters(&response) {
            return awaited.instead(visit.at.served.config.frame(), response, &parameters);
        }
        repeat_as_it_came(visit, &mut response);
        let audit = response.extensions().get::<Audit>();
        let Some(grant) = audit.and_then(|audit| audit.grant) else {
            return response;
        };
        departures.waived.push(if self.response_type.has_tokens() {
            "response_type"
        } else {
            "response_mode"
        });
        if let Some(fault) = self.fault {
            let issuer = &visit.at.address.issuer;
            return awaited.refuse(
                visit.at.served.config.frame(),
                response,
                ("invalid_request", fault),
                issuer,
            );
        }
        visit.at.issuer.awaited().keep(grant, awaited);
        response
    }

    /// What the client is to wait for; `None` where nobody knows where it waits.
    fn awaited(&self, visit: &Visit<'_>) -> Option<Awaited> {
        let asked = &visit.asked;
        let client_id = asked.get("client_id")?.to_owned();
        let redirect_uri = match asked.get("redirect_uri") {
            Some(uri) => uri.to_owned(),
            None => {
                let client = visit.at.issuer.client(&client_id.parse().ok()?)?;
                client.redirect_uris.first()?.as_str().to_owned()
            }
        };
        let pairs = asked.pairs()?;
        let targets = pairs.filter(|(name, _)| TARGETS.contains(name));
        let verifier = if self.response_type.code {
            None
        } else {
            Some(new_verifier()?)
        };
        Some(Awaited {
            response_type: self.response_type,
            response_mode: self.response_mode,
            client_id,
            redirect_uri,
            state: asked.get("state").map(str::to_owned),
            targets: targets
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            verifier,
        })
    }
}

/// Whether a browser can post a form or a message there: to an app's own scheme it hands over the address
/// alone.
fn is_website(redirect_uri: Option<&str>) -> bool {
    redirect_uri.is_none_or(|uri| {
        let scheme = uri.split(':').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
    })
}

/// Makes the request one for a code in a query. One that is redeemed here is so by a verifier of ours.
fn ask_for_code(visit: &Visit<'_>, awaited: &Awaited, request: &mut Request<Bytes>) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in visit.asked.pairs().into_iter().flatten() {
        let is_ours = awaited.verifier.is_some() && OF_CODE.contains(&name);
        if !REWRITTEN.contains(&name) && !is_ours {
            form.append_pair(name, value);
        }
    }
    form.append_pair("response_type", "code");
    if let Some(verifier) = &awaited.verifier {
        form.append_pair("code_challenge", &challenge_of(verifier));
        form.append_pair("code_challenge_method", "S256");
    }
    let form = form.finish();
    if request.method() == Method::POST {
        *request.body_mut() = Bytes::from(form);
    } else if let Ok(uri) = format!("{}?{form}", request.uri().path()).parse() {
        *request.uri_mut() = uri;
    }
}

/// Where the server has the browser repeat a form as a query, it is to be what was sent.
fn repeat_as_it_came(visit: &Visit<'_>, response: &mut Response<Bytes>) {
    let location = response.headers().get(LOCATION);
    let Some((path, _)) = location
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.split_once('?'))
    else {
        return;
    };
    if !path.ends_with(Endpoint::Authorize.path()) {
        return;
    }
    let Some(pairs) = visit.asked.pairs() else {
        return;
    };
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    if let Ok(location) = format!("{path}?{query}").parse() {
        response.headers_mut().insert(LOCATION, location);
    }
}

/// `/authorize/resume`: the server's answer, the way that the client waits for it.
pub(super) async fn respond(
    visit: &Visit<'_>,
    request: Request<Bytes>,
    departures: &mut Departures,
) -> Response<Bytes> {
    let response = visit.serve(request).await;
    visit.remember_code(&response);
    let audit = response.extensions().get::<Audit>();
    let Some(grant) = audit.and_then(|audit| audit.grant) else {
        return response;
    };
    let Some(awaited) = visit.at.issuer.awaited().find(grant) else {
        return response;
    };
    let Some(parameters) = awaited.parameters(&response) else {
        return response;
    };
    let code = parameters.iter().find(|(name, _)| name == "code");
    let Some((_, code)) = code.filter(|_| awaited.response_type.has_tokens()) else {
        return awaited.instead(visit.at.served.config.frame(), response, &parameters);
    };
    match tokens(visit, &awaited, grant, code, departures).await {
        Ok(tokens) => {
            let code = awaited
                .response_type
                .code
                .then(|| ("code".to_owned(), code.clone()));
            let rest = parameters
                .iter()
                .filter(|(name, _)| name != "code")
                .cloned();
            let all: Vec<_> = code.into_iter().chain(tokens).chain(rest).collect();
            awaited.instead(visit.at.served.config.frame(), response, &all)
        }
        Err((error, description)) => {
            let issuer = &visit.at.address.issuer;
            awaited.refuse(
                visit.at.served.config.frame(),
                response,
                (&error, &description),
                issuer,
            )
        }
    }
}

/// The parameters with the tokens of the login that ended with `code`.
async fn tokens(
    visit: &Visit<'_>,
    awaited: &Awaited,
    grant: GrantId,
    code: &str,
    departures: &mut Departures,
) -> Result<Vec<(String, String)>, Refusal> {
    let broken = |why: &str| ("server_error".to_owned(), why.to_owned());
    let at = &visit.at;
    let id = awaited.client_id.parse::<ClientId>().ok();
    let client = id.and_then(|id| at.issuer.client(&id));
    let client = client.ok_or_else(|| broken("the client is gone"))?;
    let redemption = match &awaited.verifier {
        Some(verifier) => Redemption {
            code: code.to_owned(),
            redirect_uri: awaited.redirect_uri.clone(),
            verifier: verifier.clone(),
        },
        // The client's code is left to it: the tokens come of a second login of the same.
        None => {
            let record = at.issuer.grant(grant).await;
            let record = record.ok_or_else(|| broken("the grant is gone"))?;
            let targets = awaited.targets.iter();
            let mut parameters: Vec<_> = targets
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let scope = record.scope.to_string();
            parameters.push(("scope", scope.as_str()));
            parameters.extend(record.nonce.as_deref().map(|nonce| ("nonce", nonce)));
            let again = Unasked {
                at,
                client: client.clone(),
                parameters,
            };
            again.log_in(person_of(visit, &record).await).await?
        }
    };
    let mut response = redemption.redeem(at, client).await;
    let mut body = read(&response).ok_or_else(|| broken("the code was refused"))?;
    let parameters = visit.remember(&grant.to_string());
    let audit = response.extensions().get::<Audit>();
    if let Some(own) = audit
        .and_then(|audit| audit.grant)
        .filter(|own| *own != grant)
    {
        let remembered = at.issuer.remembered();
        remembered.remember(&own.to_string(), &parameters);
    }
    let answers = awaited.response_type;
    if answers.id_token {
        let code = answers.code.then_some((code, grant));
        let id_token = id_token(visit, &body, answers, code).await?;
        body.insert("id_token".to_owned(), Value::String(id_token));
    } else {
        body.remove("id_token");
    }
    if !answers.token {
        body.remove("access_token");
    }
    body.remove("refresh_token");
    let grant_type = match answers.grant() {
        Some(Grant::Implicit) => "implicit",
        _ => "hybrid",
    };
    write(&mut response, &body);
    let response = finish(visit, response, Some(grant_type), departures).await;
    let body = read(&response).ok_or_else(|| refusal_in(&response))?;
    let members = MEMBERS.iter();
    let members = members.filter(|name| answers.token || **name == "id_token");
    let members = members.filter_map(|name| {
        let value = match body.get(*name)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(((*name).to_owned(), value))
    });
    Ok(members.collect())
}

/// The ID token with what it says of the answer that it is in (OpenID Connect Core §3.2.2.10, §3.3.2.11).
async fn id_token(
    visit: &Visit<'_>,
    body: &Map<String, Value>,
    answers: ResponseType,
    code: Option<(&str, GrantId)>,
) -> Result<String, Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let Some(mut token) = text("id_token").and_then(Jwt::parse) else {
        let why = "there is no openid in the scope, which an ID token needs";
        return Err(("invalid_scope".to_owned(), why.to_owned()));
    };
    if !answers.token {
        token.claims.remove("at_hash");
    }
    if let Some((code, grant)) = code {
        let hash = at_hash(&token, code);
        token.claims.insert("c_hash".to_owned(), json!(hash));
        token.claims.insert("sid".to_owned(), json!(grant));
    }
    // Where there is never an access token, the claims of the scope are in the ID token (§5.4).
    if !answers.token && code.is_none() {
        let access_token = text("access_token").unwrap_or_default();
        for (name, value) in userinfo(visit, access_token).await {
            token.claims.entry(name).or_insert(value);
        }
    }
    let signed = visit.at.forge().sign(&token).await;
    signed.map_err(|error| ("server_error".to_owned(), error.to_string()))
}

/// What `/userinfo` says of the person.
async fn userinfo(visit: &Visit<'_>, access_token: &str) -> Map<String, Value> {
    let path = format!("{}/userinfo", path_of(&visit.at.address.base));
    let request = Request::get(path).header("authorization", format!("Bearer {access_token}"));
    let Ok(request) = request.body(Bytes::new()) else {
        return Map::new();
    };
    let response = on_loan(None, visit.at.serve(request)).await;
    read(&response).unwrap_or_default()
}

/// The person who granted `record`.
async fn person_of(visit: &Visit<'_>, record: &Record) -> Person {
    Person {
        subject: record.subject.clone().unwrap_or_default(),
        claims: Some(visit.at.issuer.claims_of(record).await),
        auth_time: record.auth_time.unwrap_or(visit.at.now),
    }
}

/// The error in an answer that a fault gave in the place of tokens.
fn refusal_in(response: &Response<Bytes>) -> Refusal {
    let body: Map<String, Value> = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = |name: &str| body.get(name)?.as_str().map(str::to_owned);
    let error = text("error").unwrap_or_else(|| "server_error".to_owned());
    let description = text("error_description");
    (
        error,
        description.unwrap_or_else(|| "a fault of the mock".to_owned()),
    )
}
