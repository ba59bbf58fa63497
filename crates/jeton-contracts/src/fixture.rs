//! A grant and a step for tests.

use jeton::{
    Attachment, Claims, Grant, GrantId, GrantState, RequestedClaims, Scope, Seconds, Step, UnixTime,
};

/// A live grant that was opened at `now`: its code can be redeemed for a minute, each refresh token
/// for 100 seconds, and all ends after 1000. A test changes the members that it is about.
#[must_use]
pub fn grant(id: GrantId, now: UnixTime) -> Grant {
    Grant {
        id,
        state: GrantState::Live,
        client_id: "client".parse().unwrap(),
        subject: Some("user 'ä' \"1\"".into()),
        scope: "openid read write".parse().unwrap(),
        audiences: vec!["https://a.example".into(), "https://b.example".into()],
        claims: Claims {
            inline: serde_json::from_str(r#"{"name":"Ünï","address":{"x":[1,null,true]}}"#)
                .unwrap(),
            attached: Some(Attachment::new(id, "{}".to_owned()).id().clone()),
        },
        requested_claims: RequestedClaims {
            id_token: ["email".to_owned()].into(),
            userinfo: ["ä \"1\"".to_owned(), "groups".to_owned()].into(),
        },
        auth_time: Some(now - Seconds(5)),
        nonce: Some("n'\"o".into()),
        generation: 0,
        advanced_at: now,
        redeemed_at: None,
        last_attempt: None,
        decided_by: None,
        created_at: now,
        idle_lifetime: Seconds(100),
        idle_expires_at: now + Seconds(60),
        expires_at: now + Seconds(1000),
        refreshable: true,
        other: serde_json::Map::new(),
    }
}

/// The step of [`grant`]`(id, …)` from the generation `standing` to the next, without a window, for
/// all that was granted.
#[must_use]
pub fn step(id: GrantId, standing: u32, now: UnixTime) -> Step {
    Step {
        id,
        standing,
        to: standing.saturating_add(1),
        client_id: "client".parse().unwrap(),
        scope: Scope::default(),
        audiences: Vec::new(),
        created_from: UnixTime(0),
        window: Seconds(0),
        attempt: id,
        claims: None,
        now,
    }
}
