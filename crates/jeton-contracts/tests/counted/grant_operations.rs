//! Storage operations of what needs the ledger: the table of `ARCHITECTURE.md`, asserted.

use http::{Request, StatusCode};
use jeton::{Audit, Seconds, UnixTime};
use jeton_contracts::Operations;
use serde_json::{Value, json};

use crate::bench::{
    Answer as _, Bench, LOGIN, LOGIN_URL, NOW, REDIRECT, SECRET, SHA256_OF_S, VERIFIER,
    authorization, text,
};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// A deployment of which `app` and `service` are registered clients.
async fn deployment() -> Bench {
    let bench = Bench::new(&[]).cold();
    for (id, members) in [
        (
            "app",
            json!({
                "redirect_uris": [REDIRECT], "audiences": ["service"],
                "grant_types": [
                    "authorization_code", "refresh_token", "client_credentials",
                    "urn:ietf:params:oauth:grant-type:device_code",
                ],
            }),
        ),
        (
            "service",
            json!({ "audiences": ["service", "app"], "grant_types": [EXCHANGE] }),
        ),
    ] {
        let mut record = json!({
            "client_id": id, "client_secrets": [{ "sha256": SHA256_OF_S }], "scope": "read write",
        });
        let common = record.as_object_mut().unwrap();
        common.extend(members.as_object().unwrap().clone());
        bench.write_client(&record).await;
    }
    bench
}

impl Bench {
    /// Another process on the same stores: nothing is in its memory.
    fn cold(&self) -> Self {
        self.restarted(UnixTime(0))
    }

    /// Another process with this `JETON_GRANTS_NOT_BEFORE`.
    fn restarted(&self, not_before: UnixTime) -> Self {
        let (clients, not_before) = (format!("[{LOGIN}]"), not_before.0.to_string());
        let settings = [
            LOGIN_URL,
            ("JETON_CLIENTS", &clients),
            ("JETON_GRANTS_NOT_BEFORE", &not_before),
        ];
        Self::on(self.registry.clone(), self.ledger.clone(), &settings)
    }

    async fn post(&self, path: &str, form: &[(&str, &str)], now: UnixTime) -> (StatusCode, Value) {
        let response = self.submit(Request::post(path), form, now).await;
        (response.status(), response.json())
    }

    async fn app(&self, path: &str, form: &[(&str, &str)], now: UnixTime) -> (StatusCode, Value) {
        let client = [("client_id", "app"), ("client_secret", "s")];
        self.post(path, &[&client, form].concat(), now).await
    }

    /// An exchange of `token` by the service.
    async fn exchange_token(
        &self,
        token: &str,
        form: &[(&str, &str)],
        now: UnixTime,
    ) -> (StatusCode, Value) {
        let usual = [
            ("client_id", "service"),
            ("client_secret", "s"),
            ("grant_type", EXCHANGE),
            ("subject_token", token),
            (
                "subject_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
        ];
        self.post("/token", &[&usual, form].concat(), now).await
    }

    /// Logs alice in and answers the code.
    async fn code(&self) -> String {
        let alice = [("subject", "alice")];
        let (back, cookie) = self.log_in(&authorization("app"), &alice, NOW).await;
        let request = Request::get(back).header("cookie", cookie);
        self.send(request, "", NOW).await.parameter("code")
    }

    async fn exchange(&self, code: &str, now: UnixTime) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        self.app("/token", &form, now).await
    }

    async fn refresh(&self, token: &str, scope: &str, now: UnixTime) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", scope),
        ];
        self.app("/token", &form, now).await
    }

    /// Operations of everything since last asked: registry reads, ledger reads, ledger writes.
    fn assert(&self, reads: u32, ledger_reads: u32, ledger_writes: u32, what: &str) {
        let expected = [reads, 0, ledger_reads, ledger_writes];
        assert_eq!(self.operations(), expected, "{what}");
    }
}

#[tokio::test]
async fn code_and_refresh() {
    let bench = deployment().await;
    let code = bench.code().await;
    // The clients app and alice, who might be one, and the cut-off of each; indexed and opened once.
    bench.assert(4, 0, 2, "the login, from /authorize to the code");

    let (_, wrong) = bench
        .app(
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("code_verifier", &"x".repeat(43)),
            ],
            NOW,
        )
        .await;
    assert_eq!(text(&wrong, "error"), "invalid_grant");
    bench.assert(0, 0, 0, "a wrong verifier touches no store");

    let bench = bench.cold();
    let (_, tokens) = bench.exchange(&code, NOW).await;
    let first = text(&tokens, "refresh_token").to_owned();
    bench.assert(4, 0, 1, "code exchange, cold");

    let (_, tokens) = bench.refresh(&first, "", NOW + Seconds(1)).await;
    let second = text(&tokens, "refresh_token").to_owned();
    bench.assert(0, 0, 1, "refresh, warm");

    let (_, tokens) = bench.refresh(&first, "", NOW + Seconds(2)).await;
    assert_eq!(text(&tokens, "refresh_token"), second);
    bench.assert(
        0,
        0,
        1,
        "retried within grace: the failed condition and no more",
    );

    let (_, tokens) = bench.refresh(&second, "read", NOW + Seconds(20)).await;
    let third = text(&tokens, "refresh_token").to_owned();
    bench.assert(0, 0, 1, "refresh with narrowing");

    let forged = format!("{}AAAA", &third[..third.len() - 4]);
    for token in [forged.as_str(), "jrt_x", "x"] {
        let (status, _) = bench.refresh(token, "", NOW + Seconds(21)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
    bench.assert(0, 0, 0, "forged refresh tokens");

    let access = text(&tokens, "access_token");
    let (_, active) = bench
        .app("/introspect", &[("token", access)], NOW + Seconds(21))
        .await;
    assert_eq!(active["active"], true);
    bench.assert(0, 1, 0, "introspection of an access token");
    let cold = bench.cold();
    let (_, active) = cold
        .app("/introspect", &[("token", access)], NOW + Seconds(21))
        .await;
    assert_eq!(active["active"], true);
    bench.assert(4, 1, 0, "the same, cold");
    let (_, active) = bench
        .app("/introspect", &[("token", &third)], NOW + Seconds(21))
        .await;
    assert_eq!(active["active"], true);
    bench.assert(0, 1, 0, "introspection of a refresh token");

    let (_, reused) = bench.refresh(&first, "", NOW + Seconds(22)).await;
    assert_eq!(text(&reused, "error"), "invalid_grant");
    bench.assert(0, 0, 2, "reuse: the failed condition and the revocation");
    let (_, active) = bench
        .app("/introspect", &[("token", access)], NOW + Seconds(22))
        .await;
    assert_eq!(active["active"], false);
    bench.assert(0, 1, 0, "introspection of a revoked grant's access token");
}

#[tokio::test]
async fn after_a_restore_older_grants_have_ended() {
    let bench = deployment().await;
    let (early, code) = (bench.code().await, bench.code().await);
    let (_, tokens) = bench.exchange(&early, NOW).await;
    let first = text(&tokens, "refresh_token").to_owned();
    let access = text(&tokens, "access_token").to_owned();
    for (not_before, stands) in [(NOW + Seconds(1), false), (NOW, true)] {
        let bench = bench.restarted(not_before);
        let now = NOW + Seconds(2);
        let (_, active) = bench.app("/introspect", &[("token", &access)], now).await;
        assert_eq!(active["active"], stands);
        let expected = if stands { 200 } else { 400 };
        assert_eq!(bench.exchange(&code, now).await.0, expected);
        assert_eq!(bench.refresh(&first, "", now).await.0, expected);
    }
}

#[tokio::test]
async fn what_is_reused_within_grace_is_in_the_audit() {
    let bench = deployment().await;
    let code = bench.code().await;
    let (_, tokens) = bench.exchange(&code, NOW).await;
    let first = text(&tokens, "refresh_token").to_owned();
    let present = async |grant_type, name, token: &str, now| {
        let form = [
            ("client_id", "app"),
            ("client_secret", "s"),
            ("grant_type", grant_type),
            ("code_verifier", VERIFIER),
            (name, token),
        ];
        let response = bench.submit(Request::post("/token"), &form, now).await;
        let audit = response.extensions().get::<Audit>().unwrap().clone();
        (response.status().as_u16(), audit.reused_within_grace)
    };
    let redeem = async |now| present("authorization_code", "code", &code, now).await;
    assert_eq!(redeem(NOW + Seconds(1)).await, (400, true), "the code");
    let refresh =
        async |token: &str, now| present("refresh_token", "refresh_token", token, now).await;
    assert_eq!(refresh(&first, NOW + Seconds(1)).await, (200, false));
    assert_eq!(refresh(&first, NOW + Seconds(2)).await, (200, true));
    let (_, tokens) = bench.refresh(&first, "", NOW + Seconds(2)).await;
    let second = text(&tokens, "refresh_token").to_owned();
    assert_eq!(refresh(&second, NOW + Seconds(3)).await, (200, false));
    assert_eq!(refresh(&second, NOW + Seconds(20)).await, (200, false));
    assert_eq!(refresh(&first, NOW + Seconds(21)).await, (400, false));
}

#[tokio::test]
async fn device() {
    let bench = deployment().await;
    let (_, device) = bench.app("/device_authorization", &[], NOW).await;
    bench.assert(
        1,
        0,
        3,
        "device authorization: the count, the grant and its user code",
    );
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", text(&device, "device_code")),
    ];
    let (_, pending) = bench.app("/token", &form, NOW + Seconds(5)).await;
    assert_eq!(text(&pending, "error"), "authorization_pending");
    bench.assert(1, 1, 1, "a poll: the record and the interval's marker");
}

#[tokio::test]
async fn machine_to_machine() {
    let bench = deployment().await;
    let form = [("grant_type", "client_credentials")];
    let (_, tokens) = bench.app("/token", &form, NOW).await;
    bench.assert(1, 0, 0, "client credentials");
    let access = text(&tokens, "access_token");
    let (_, active) = bench.app("/introspect", &[("token", access)], NOW).await;
    assert_eq!(active["active"], true);
    bench.assert(1, 1, 0, "introspection, with the client's cut-off");
    bench.app("/revoke", &[("token", access)], NOW).await;
    bench.assert(0, 0, 1, "revocation leaves a marker");
    let (_, active) = bench.app("/introspect", &[("token", access)], NOW).await;
    assert_eq!(active["active"], false);
}

#[tokio::test]
async fn token_exchange() {
    let bench = deployment().await;
    let code = bench.code().await;
    let (_, tokens) = bench.exchange(&code, NOW).await;
    let personal = text(&tokens, "access_token");
    let form = [("grant_type", "client_credentials")];
    let (_, tokens) = bench.app("/token", &form, NOW).await;
    let machines = text(&tokens, "access_token");

    let cold = bench.cold();
    bench.assert(4, 0, 3, "the login and both tokens");
    let (_, tokens) = cold.exchange_token(personal, &[], NOW).await;
    let exchanged = text(&tokens, "access_token");
    // The two clients, the cut-offs of app and alice, whether she is a client, and the rules about our own
    // tokens.
    bench.assert(6, 1, 0, "a person's token, cold");
    cold.exchange_token(personal, &[], NOW).await;
    bench.assert(0, 1, 0, "warm");
    let (status, _) = cold.exchange_token(machines, &[], NOW).await;
    assert_eq!(status, StatusCode::OK);
    bench.assert(0, 1, 0, "a machine's token: the marker of its revocation");
    let (status, _) = bench.cold().exchange_token(machines, &[], NOW).await;
    assert_eq!(status, StatusCode::OK);
    bench.assert(4, 1, 0, "the same, cold");

    for (token, form) in [
        ("x", vec![]),
        (personal, vec![("scope", "root")]),
        (personal, vec![("resource", "https://evil.example")]),
        (personal, vec![("actor_token", "x")]),
        (machines, vec![("audience", "nobody")]),
        (exchanged, vec![("requested_token_type", "x")]),
    ] {
        let (status, _) = cold.exchange_token(token, &form, NOW).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form:?}");
    }
    assert_eq!(bench.ledger.take().ledger_writes, 0, "what is refused");
    bench.registry.take();

    let service = [("client_id", "service"), ("client_secret", "s")];
    let form = [&service[..], &[("token", exchanged)]].concat();
    let (_, active) = bench.cold().post("/introspect", &form, NOW).await;
    assert_eq!(active["active"], true);
    // The cut-off of its client besides.
    bench.assert(
        6,
        2,
        0,
        "introspection, cold: the grant, and whether it was revoked",
    );
    bench.post("/revoke", &form, NOW).await;
    bench.assert(
        1,
        0,
        1,
        "revocation leaves a marker, and the grant as it is",
    );
    let (_, active) = bench.post("/introspect", &form, NOW).await;
    assert_eq!(active["active"], false);
    let (_, active) = bench.app("/introspect", &[("token", personal)], NOW).await;
    assert_eq!(active["active"], true);
}

#[tokio::test]
async fn log_out_everywhere() {
    let bench = deployment().await;
    let form = [
        ("client_id", "login"),
        ("client_secret", SECRET),
        ("subject", "alice"),
    ];
    for (now, registry_writes, what) in [
        (NOW, 1, "the first time"),
        (NOW, 1, "again in the same second"),
        (NOW + Seconds(1), 1, "later"),
    ] {
        let (status, _) = bench.post("/revoke_grants", &form, now).await;
        assert_eq!(status, StatusCode::OK);
        let expected = Operations {
            registry_reads: 1,
            registry_writes,
            ..Operations::default()
        };
        assert_eq!(bench.registry.take(), expected, "{what}");
        assert_eq!(bench.ledger.take(), Operations::default(), "{what}");
    }
}
