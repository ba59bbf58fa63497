//! What outlives a refusal: sessions, and what was granted without a refresh token of the upstream.

use sha2::{Digest, Sha256};

use super::*;

const REFUSED: UnixTime = NOW;

/// Alice's login, by whose upstream she was refused then.
fn login(state: State, refused_at: Option<UnixTime>) -> UpstreamLogin {
    UpstreamLogin {
        way: "work".to_owned(),
        iss: ISSUER.to_owned(),
        sub: "alice".to_owned(),
        began_at: NOW - Seconds(1000),
        state,
        refused_at,
        unanswered_since: None,
    }
}

/// A session of alice's that began then, by a login for the request `ours`.
fn session(began_at: UnixTime) -> Session {
    let session = json!({
        "subject": subject(), "way": "work", "iss": ISSUER, "form_key": "key",
        "began_at": began_at, "used_at": began_at, "ends_at": began_at + Seconds(1000),
        "login_for": URL_SAFE_NO_PAD.encode(Sha256::digest("ours")),
    });
    serde_json::from_value(session).unwrap()
}

#[test]
fn a_session_of_before_is_good_no_more() {
    let (before, after) = (REFUSED - Seconds(1), REFUSED + Seconds(1));
    for state in [State::lasts("first"), State::NoToken, State::Ended] {
        let refused = login(state, Some(REFUSED));
        for (began_at, request, expected) in [
            (before, None, false),
            (before, Some("ours"), false),
            (REFUSED, None, false),
            (REFUSED, Some("another"), false),
            (REFUSED, Some("ours"), true),
            (after, None, true),
        ] {
            let allowed = refused.allows(&session(began_at), request);
            assert_eq!(allowed, expected, "{began_at:?} {request:?}");
        }
    }
    let never = login(State::lasts("first"), None);
    assert!(never.allows(&session(before), None));
}

#[test]
fn what_was_granted_before_stays_refused_where_nothing_can_be_asked() {
    let deployment = Deployment::new(&json!({}));
    let (inside, subject) = (deployment.server.inside(), subject());
    let kept = login(State::Ended, Some(REFUSED));
    let write = document::write(&inside, &subject, &kept, &Expected::Anything, NOW);
    finished(write).unwrap();
    let ended = "their login at the provider ended";
    expect_refused(finished(deployment.refresh("shop", 0)), ended);
    // A device that is approved by a session of before is not, by one of after it is.
    let device = |session: &Session| {
        finished(document::allows_device(inside, session, session.began_at)).unwrap()
    };
    assert!(!device(&session(REFUSED)));
    assert!(matches!(deployment.kept().state, State::Ended));
    assert!(device(&session(REFUSED + Seconds(5))));
    assert!(matches!(deployment.kept().state, State::NoToken));
    assert_eq!(deployment.kept().refused_at, Some(REFUSED));

    // What `refresh` redeems was granted in the second of the refusal.
    expect_refused(finished(deployment.refresh("shop", 60)), ended);
    let since = Renewing {
        subject: &subject,
        client_id: &"tv".parse().unwrap(),
        scope: &"openid".parse().unwrap(),
        granted_at: REFUSED + Seconds(5),
        now: NOW + Seconds(60),
    };
    let people = deployment.server.people();
    let answer = finished(async { people.renewed(inside, &since).await });
    expect_unchanged(answer.unwrap(), NO_TOKEN);
}
