//! The steps of a run: the one that a form begins with, and those that can follow.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use super::{
    Debugger,
    ask::By,
    grant::Grant,
    pages,
    run::{Answer, Run, Step},
};
use crate::{form::Form, mint::MintRequest, spec::Endpoint};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

type Pairs = Vec<(String, String)>;

impl Debugger<'_> {
    /// A new run with what the form of `grant` says.
    pub(super) async fn begin(&self, grant: Grant, form: &Form) -> Response<Bytes> {
        let run = match grant {
            Grant::Code | Grant::Implicit | Grant::Hybrid => {
                return match self.depart(grant, form) {
                    Ok(response) => response,
                    Err(error) => self.refuse(&error.to_string()),
                };
            }
            _ => Run::new(
                grant,
                form.get("client_id").unwrap_or_default(),
                form.get("client_secret"),
            ),
        };
        let mut run = match run {
            Ok(run) => run,
            Err(error) => return self.refuse(&error.to_string()),
        };
        if let Err(problem) = self.first_steps(&mut run, form).await {
            return self.refuse(&problem);
        }
        let response = self.to_run(&run.id, run.last());
        self.at.issuer.runs().keep(run);
        response
    }

    async fn first_steps(&self, run: &mut Run, form: &Form) -> Result<(), String> {
        let typed = |names: &[&str]| -> Pairs {
            let given = names
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), form.get(name)?.to_owned())));
            let more = form.get("parameters").unwrap_or_default();
            given
                .chain(form_urlencoded::parse(more.as_bytes()).into_owned())
                .collect()
        };
        let (title, grant_type, pairs) = match run.grant {
            Grant::Device => {
                let step = self
                    .ask(
                        "Begin on the device",
                        "The device asks for a code to show, and for one to ask with.",
                        Endpoint::DeviceAuthorization,
                        By::Client(run),
                        Some(typed(&["scope"])),
                    )
                    .await;
                run.add(step);
                return Ok(());
            }
            Grant::Password => (
                "Ask with the password",
                "password",
                typed(&["username", "password", "scope"]),
            ),
            Grant::Refresh => (
                "Refresh",
                "refresh_token",
                typed(&["refresh_token", "scope"]),
            ),
            Grant::Exchange => {
                let mut pairs = typed(&[
                    "subject_token",
                    "subject_token_type",
                    "actor_token",
                    "audience",
                    "scope",
                ]);
                if form.get("subject_token").is_none() {
                    let token = self.token_to_exchange(run, form.get("audience")).await?;
                    pairs.push(("subject_token".to_owned(), token));
                }
                if form.get("actor_token").is_some() {
                    pairs.push(("actor_token_type".to_owned(), ACCESS_TOKEN.to_owned()));
                }
                ("Exchange the token", TOKEN_EXCHANGE, pairs)
            }
            Grant::JwtBearer => {
                let mut pairs = typed(&["assertion", "scope"]);
                if form.get("assertion").is_none() {
                    let subject = form.get("subject").unwrap_or("alice");
                    pairs.push(("assertion".to_owned(), self.assertion(run, subject).await?));
                }
                ("Present the assertion", JWT_BEARER, pairs)
            }
            _ => (
                "Ask for a token",
                "client_credentials",
                typed(&["scope", "resource"]),
            ),
        };
        self.token(run, title, "", grant_type, pairs).await;
        Ok(())
    }

    /// A token of the client's own, where none was given to exchange; for whom the new one is to be for,
    /// because an exchange widens nothing.
    async fn token_to_exchange(
        &self,
        run: &mut Run,
        audience: Option<&str>,
    ) -> Result<String, String> {
        let audience = audience.map(|it| ("resource".to_owned(), it.to_owned()));
        let words = "No token was given to exchange, so the client gets one of its own.";
        self.token(
            run,
            "Get a token to exchange",
            words,
            "client_credentials",
            audience.into_iter().collect(),
        )
        .await;
        let token = run.held.remove("access_token");
        token.ok_or_else(|| "There is no token to exchange: the client got none.".to_owned())
    }

    /// An assertion of the issuer itself, where none was given.
    async fn assertion(&self, run: &Run, subject: &str) -> Result<String, String> {
        let request = MintRequest {
            typ: Some("JWT".to_owned()),
            ..MintRequest::new()
                .claim("sub", subject)
                .claim("aud", json!(self.at.address.issuer))
                .claim("client_id", run.client_id.as_str())
        };
        let minted = self.at.issuer.mint(&request, self.at.address).await;
        minted
            .map(|minted| minted.token)
            .map_err(|error| error.to_string())
    }

    async fn token(
        &self,
        run: &mut Run,
        title: &str,
        words: &'static str,
        grant_type: &str,
        pairs: Pairs,
    ) {
        let mut form = vec![("grant_type".to_owned(), grant_type.to_owned())];
        form.extend(pairs);
        let by = By::Client(run);
        let step = self
            .ask(title, words, Endpoint::Token, by, Some(form))
            .await;
        run.add(step);
    }

    /// The next step of a run, which its page offers.
    pub(super) async fn go_on(&self, id: &str) -> Response<Bytes> {
        let Some(mut run) = self.at.issuer.runs().find(id) else {
            return self.refuse("This run is over: the mock keeps the newest, until it is reset.");
        };
        let form = Form::body(self.request);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let held = |name: &str| run.held(name).unwrap_or_default().to_owned();
        match form.get("do").unwrap_or_default() {
            "redeem" => {
                let mut pairs = vec![pair("code", &held("code"))];
                if let Some(front) = &run.front {
                    pairs.push(pair("redirect_uri", &front.redirect_uri));
                    pairs.push(pair("code_verifier", &front.code_verifier));
                }
                let words = "The code counts once, and only with the verifier that code_challenge is the hash of.";
                run.held.remove("code");
                self.token(
                    &mut run,
                    "Redeem the code",
                    words,
                    "authorization_code",
                    pairs,
                )
                .await;
            }
            "poll" => {
                let pairs = vec![pair("device_code", &held("device_code"))];
                let words = "Until somebody has approved it: authorization_pending.";
                self.token(&mut run, "Ask for the tokens", words, DEVICE_CODE, pairs)
                    .await;
            }
            "refresh" => {
                let pairs = vec![pair("refresh_token", &held("refresh_token"))];
                let words = "The answer brings the next refresh token.";
                self.token(&mut run, "Refresh", words, "refresh_token", pairs)
                    .await;
            }
            "exchange" => {
                let mut pairs = vec![
                    pair("subject_token", &held("access_token")),
                    pair("subject_token_type", ACCESS_TOKEN),
                ];
                pairs.extend(form.get("audience").map(|it| pair("audience", it)));
                self.token(
                    &mut run,
                    "Exchange the access token",
                    "",
                    TOKEN_EXCHANGE,
                    pairs,
                )
                .await;
            }
            "userinfo" => {
                let token = held("access_token");
                let step = self
                    .ask(
                        "Ask /userinfo",
                        "What the access token lets be known of the person.",
                        Endpoint::Userinfo,
                        By::Bearer(&token),
                        None,
                    )
                    .await;
                run.add(step);
            }
            "introspect" => {
                let step =
                    self.about_token(&run, "Introspect the access token", Endpoint::Introspect);
                let step = step.await;
                run.add(step);
            }
            "revoke" => {
                let step = self.about_token(&run, "Revoke the access token", Endpoint::Revoke);
                let step = step.await;
                run.add(step);
            }
            _ => return self.refuse("There is no such step."),
        }
        let response = self.to_run(&run.id, run.last());
        self.at.issuer.runs().keep(run);
        response
    }

    async fn about_token(&self, run: &Run, title: &str, endpoint: Endpoint) -> Step {
        let token = run.held("access_token").unwrap_or_default().to_owned();
        let form = vec![("token".to_owned(), token)];
        self.ask(title, "", endpoint, By::Client(run), Some(form))
            .await
    }

    /// The page of a run.
    pub(super) async fn show_run(&self, id: &str) -> Response<Bytes> {
        let Some(run) = self.at.issuer.runs().find(id) else {
            return self.refuse("This run is over: the mock keeps the newest, until it is reset.");
        };
        let keys = self.published_keys().await;
        let body = pages::run::page(self.at, self.layout.path(), &run, &keys).await;
        self.layout
            .sheet(StatusCode::OK, run.grant.label(), "/debugger", &body)
    }
}

impl Answer {
    /// Whether it is what was hoped for.
    pub(super) fn is_good(&self) -> bool {
        match self {
            Self::Awaited { .. } => true,
            Self::Redirect { parameters, .. } => parameters.iter().all(|(name, _)| name != "error"),
            Self::Received { status, .. } => status.starts_with('2'),
        }
    }
}
