//! Refreshes while an upstream is unwell, and while others write.

use super::*;

#[test]
fn the_next_token_is_kept_before_anything_else_can_fail() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    deployment.fails(USERINFO, 500, "{}");
    let answer = finished(deployment.refresh("shop", 0));
    assert!(
        matches!(&answer, Renewed::Unanswered(why) if why.starts_with("userinfo: ")),
        "{answer:?}"
    );
    finished(deployment.refresh("shop", 0));
    assert_eq!(deployment.spent(), ["first", "second"]);
}

#[test]
fn an_upstream_that_is_down_changes_nothing_and_is_asked_again_by_whoever_is_next() {
    for (status, body) in [
        (503, "{}"),
        (429, "{}"),
        (200, "<html>"),
        (400, r#"{"error":"invalid_client"}"#),
    ] {
        let deployment = Deployment::new(&json!({}));
        deployment.logged_in(NOW);
        deployment.fails(TOKEN, status, body);
        let answer = finished(deployment.refresh("shop", 0));
        assert!(
            matches!(answer, Renewed::Unanswered(_)),
            "{status}: {answer:?}"
        );
        deployment.gives("second");
        renewed(finished(deployment.refresh("desk", 0)));
        assert_eq!(deployment.spent(), ["first", "first"]);
    }
}

#[test]
fn an_upstream_that_says_nothing_for_an_hour_leaves_nobody_what_they_have() {
    for (url, why) in [
        (TOKEN, "token: status 503 Service Unavailable"),
        (USERINFO, "userinfo: status 503 Service Unavailable"),
    ] {
        let deployment = Deployment::new(&json!({}));
        deployment.logged_in(NOW);
        // Long after the login: what counts is since when it says nothing.
        let first = 50_000;
        deployment.fails(url, 503, "{}");
        for later in [0, 1800, 3599] {
            expect_unanswered(finished(deployment.refresh("shop", first + later)), why);
        }
        let too_long = format!("upstream: {why}");
        for client in ["shop", "desk"] {
            expect_busy(
                finished(deployment.try_refresh(client, first + 3600)),
                &too_long,
            );
        }
        deployment.gives("second");
        deployment.alice(json!({ "name": "Alice" }));
        renewed(finished(deployment.refresh("shop", first + 3601)));
        assert_eq!(deployment.kept().unanswered_since, None);
        deployment.fails(url, 503, "{}");
        expect_unanswered(finished(deployment.refresh("shop", first + 9000)), why);
    }
}

#[test]
fn what_a_client_was_refused_by_is_known_where_the_upstream_says_nothing_afterwards() {
    let staff =
        json!({ "clients": { "shop": { "allow": { "claims": { "groups": ["staff"] } } } } });
    let deployment = Deployment::new(&staff);
    deployment.logged_in(NOW);
    deployment.alice(json!({ "groups": ["guests"] }));
    let why = "the person is not in the allow of the client";
    expect_refused(finished(deployment.refresh("shop", 0)), why);
    deployment.fails(TOKEN, 503, "{}");
    let why = "upstream: token: status 503 Service Unavailable";
    expect_busy(finished(deployment.try_refresh("shop", 1)), why);
    expect_busy(finished(deployment.try_refresh("desk", 1)), why);

    // What was granted since is by a login that they were let in with.
    let (subject, client_id) = (subject(), "shop".parse().unwrap());
    let scope = "openid profile".parse().unwrap();
    let later = |granted_at| Renewing {
        subject: &subject,
        client_id: &client_id,
        scope: &scope,
        granted_at,
        now: NOW + Seconds(60),
    };
    let ask = |of| {
        let people = deployment.server.people();
        finished(async { people.renewed(deployment.server.inside(), &of).await })
    };
    expect_busy(ask(later(NOW)), why);
    expect_unanswered(
        ask(later(NOW + Seconds(1))).unwrap(),
        "token: status 503 Service Unavailable",
    );
}

#[test]
fn a_refresh_that_fails_late_leaves_the_lease_of_the_next() {
    let deployment = Deployment::new(&json!({}));
    deployment.logged_in(NOW);
    deployment.fails(USERINFO, 503, "{}");
    let mut first = pin!(deployment.refresh("shop", 0));
    while deployment
        .fetch()
        .sent()
        .iter()
        .all(|sent| sent.url.as_str() != USERINFO)
    {
        assert!(poll(first.as_mut()).is_pending());
    }
    let mut second = pin!(deployment.refresh("desk", 1));
    while deployment.spent().len() < 2 {
        assert!(poll(second.as_mut()).is_pending());
    }
    let why = "userinfo: status 503 Service Unavailable";
    expect_unanswered(finished(first), why);
    expect_busy(finished(deployment.try_refresh("shop", 2)), LEASED);
    expect_unanswered(finished(second), why);
    assert_eq!(deployment.spent(), ["first", "second"], "each once");
}

#[test]
fn what_was_learned_is_kept_whoever_writes_meanwhile() {
    let all = json!({ "allow": { "claims": { "groups": ["staff"] } } });
    let of_client = json!({ "clients": { "shop": all } });
    for (login, ends) in [(all, true), (of_client, false)] {
        let deployment = Deployment::new(&login);
        deployment.logged_in(NOW);
        deployment.alice(json!({ "groups": ["guests"] }));
        let mut first = pin!(deployment.refresh("shop", 0));
        // The next token is in its place, and what it opens is asked for.
        while deployment
            .fetch()
            .sent()
            .iter()
            .all(|sent| sent.url.as_str() != USERINFO)
        {
            assert!(poll(first.as_mut()).is_pending());
        }
        deployment.gives("third");
        let mut second = pin!(deployment.try_refresh("desk", 1));
        while deployment.spent().len() < 2 {
            assert!(poll(second.as_mut()).is_pending());
        }
        assert!(matches!(finished(first), Renewed::Refused(_)));
        let kept = deployment.kept();
        assert_eq!(kept.refused_at, Some(NOW));
        assert_eq!(matches!(kept.state, State::Ended), ends);
        let second = finished(second);
        if ends {
            expect_busy(
                second,
                "upstream login: the person logged in anew meanwhile",
            );
        } else {
            renewed(second.unwrap());
            assert_eq!(deployment.kept().refused_at, Some(NOW));
            assert!(deployment.kept().lasts_by("third"), "its token as well");
        }
    }
}
