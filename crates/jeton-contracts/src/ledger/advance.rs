//! Advancing a grant from one generation to the next.

use jeton::{Advance, Attachment, Claims, Grant, GrantState, Ledger, Seconds, Step, transition};

use super::{NOW, Run};

pub(super) async fn advancing(ledger: &impl Ledger, run: &Run<'_>) {
    let grant = run.grant("advance");
    let first = run.step("advance", 0, 1);
    assert_eq!(
        ledger.advance(&first).await.unwrap(),
        Advance::Conflict(None),
        "no such grant"
    );
    assert_eq!(
        ledger.read(grant.id).await.unwrap(),
        None,
        "and none was made"
    );

    ledger.open(&grant, NOW).await.unwrap();
    let mut expected = grant;
    transition::take(&mut expected, &first);
    let advanced = ledger.advance(&first).await.unwrap();
    assert_eq!(advanced, Advance::Advanced(Box::new(expected.clone())));
    assert_eq!(expected.redeemed_at, Some(first.now));
    assert_eq!(
        ledger.read(expected.id).await.unwrap(),
        Some(expected.clone())
    );

    let second = Step {
        scope: "write openid".parse().unwrap(),
        audiences: vec!["https://b.example".into()],
        now: NOW + Seconds(90),
        ..run.step("advance", 1, 2)
    };
    transition::take(&mut expected, &second);
    let advanced = ledger.advance(&second).await.unwrap();
    assert_eq!(advanced, Advance::Advanced(Box::new(expected.clone())));
    assert_eq!(expected.generation, 2);
    assert_eq!(expected.redeemed_at, Some(first.now), "kept");
    assert_eq!(expected.idle_expires_at, NOW + Seconds(190));
}

pub(super) async fn refusing(ledger: &impl Ledger, run: &Run<'_>) {
    let grant = run.grant("refuse");
    ledger.open(&grant, NOW).await.unwrap();
    let step = run.step("refuse", 0, 1);
    let refused = [
        (
            "another client",
            Step {
                client_id: "other".parse().unwrap(),
                ..step.clone()
            },
        ),
        (
            "a client id that is a part",
            Step {
                client_id: "clien".parse().unwrap(),
                ..step.clone()
            },
        ),
        (
            "a scope not granted",
            Step {
                scope: "read admin".parse().unwrap(),
                ..step.clone()
            },
        ),
        (
            "a scope that is a part",
            Step {
                scope: "rea".parse().unwrap(),
                ..step.clone()
            },
        ),
        (
            "an audience not granted",
            Step {
                audiences: vec!["https://c.example".into()],
                ..step.clone()
            },
        ),
        (
            "another generation",
            Step {
                standing: 1,
                to: 2,
                ..step.clone()
            },
        ),
        (
            "cut off",
            Step {
                created_from: NOW + Seconds(1),
                ..step.clone()
            },
        ),
        (
            "idle for too long, to the second",
            Step {
                now: NOW + Seconds(60),
                ..step.clone()
            },
        ),
        (
            "expired, to the second",
            Step {
                now: NOW + Seconds(1000),
                ..step.clone()
            },
        ),
    ];
    for (what, refused) in refused {
        let standing = ledger.advance(&refused).await.unwrap();
        assert_eq!(
            standing,
            Advance::Conflict(Some(Box::new(grant.clone()))),
            "{what}"
        );
    }
    for state in [GrantState::Pending, GrantState::Denied, GrantState::Revoked] {
        let name = format!("refuse {state:?}");
        let grant = Grant {
            state,
            ..run.grant(&name)
        };
        ledger.open(&grant, NOW).await.unwrap();
        let standing = ledger.advance(&run.step(&name, 0, 1)).await.unwrap();
        assert_eq!(
            standing,
            Advance::Conflict(Some(Box::new(grant))),
            "{state:?}"
        );
    }
    let late = Step {
        now: NOW + Seconds(59),
        created_from: NOW,
        ..step
    };
    assert!(
        matches!(ledger.advance(&late).await.unwrap(), Advance::Advanced(_)),
        "in the last second"
    );
}

/// Claims that a step brings: they are in the record if it is taken, and only then.
pub(super) async fn new_claims(ledger: &impl Ledger, run: &Run<'_>) {
    let mut grant = run.grant("claims");
    ledger.open(&grant, NOW).await.unwrap();
    let attachment = Attachment::new(grant.id, r#"{"groups":["new"]}"#.to_owned());
    let few = Claims {
        inline: serde_json::from_str(r#"{"name":"Ünï Two","n":1.50,"x":[{"y":null}]}"#).unwrap(),
        attached: None,
    };
    let many = Claims {
        inline: serde_json::from_str(r#"{"acr":"high"}"#).unwrap(),
        attached: Some(attachment.id().clone()),
    };
    let claims = [Some(few), None, Some(many), Some(Claims::default())];
    for (standing, claims) in (0..).zip(claims) {
        let step = Step {
            window: Seconds(0),
            claims,
            ..run.step("claims", standing, standing + 1)
        };
        let refused = Step {
            scope: "admin".parse().unwrap(),
            ..step.clone()
        };
        let standing = ledger.advance(&refused).await.unwrap();
        let unchanged = Advance::Conflict(Some(Box::new(grant.clone())));
        assert_eq!(standing, unchanged, "a step that is not taken brings none");

        let before = grant.claims.clone();
        let advanced = transition::take(&mut grant, &step);
        let expected = step.claims.clone().unwrap_or(before);
        assert_eq!(grant.claims, expected);
        assert_eq!(ledger.advance(&step).await.unwrap(), advanced);
        assert_eq!(ledger.read(grant.id).await.unwrap().as_ref(), Some(&grant));
        let again = ledger.advance(&step).await.unwrap();
        assert_eq!(again, advanced, "the same attempt again");
    }
}

pub(super) async fn window(ledger: &impl Ledger, run: &Run<'_>) {
    let at = |seconds| NOW + Seconds(seconds);
    let grant = Grant {
        generation: 2,
        advanced_at: at(10),
        idle_expires_at: at(500),
        ..run.grant("window")
    };
    ledger.open(&grant, NOW).await.unwrap();
    let step = run.step("window", 2, 3);
    for (what, now) in [
        ("within the window", at(12)),
        ("in its last second", at(20)),
        ("before it moved, by a slow clock", at(5)),
    ] {
        let advance = ledger
            .advance(&Step {
                now,
                ..step.clone()
            })
            .await
            .unwrap();
        assert_eq!(
            advance,
            Advance::Conflict(Some(Box::new(grant.clone()))),
            "{what}"
        );
    }
    let advance = ledger
        .advance(&Step {
            now: at(21),
            ..step
        })
        .await
        .unwrap();
    assert!(
        matches!(advance, Advance::Advanced(_)),
        "when it has passed"
    );
    for (standing, now, what) in [
        (3, at(21), "no window"),
        (4, at(15), "no window, and overtaken by a later request"),
    ] {
        let strict = Step {
            window: Seconds(0),
            now,
            ..run.step("window", standing, standing + 1)
        };
        let advance = ledger.advance(&strict).await.unwrap();
        assert!(matches!(advance, Advance::Advanced(_)), "{what}");
    }

    ledger
        .open(
            &Grant {
                generation: 1,
                advanced_at: at(1),
                ..run.grant("fresh")
            },
            NOW,
        )
        .await
        .unwrap();
    let advance = ledger.advance(&run.step("fresh", 1, 2)).await.unwrap();
    assert!(
        matches!(advance, Advance::Advanced(_)),
        "redeeming a code opens no window"
    );
}

pub(super) async fn lost_acknowledgements(ledger: &impl Ledger, run: &Run<'_>) {
    ledger.open(&run.grant("lost"), NOW).await.unwrap();
    let step = run.step("lost", 0, 1);
    let first = ledger.advance(&step).await.unwrap();
    assert!(matches!(first, Advance::Advanced(_)));
    assert_eq!(
        ledger.advance(&step).await.unwrap(),
        first,
        "the same attempt again"
    );
    let other = Step {
        attempt: run.id("another attempt"),
        ..step.clone()
    };
    assert!(matches!(
        ledger.advance(&other).await.unwrap(),
        Advance::Conflict(Some(_))
    ));
    ledger.advance(&run.step("lost", 1, 2)).await.unwrap();
    let stale = ledger.advance(&step).await.unwrap();
    assert!(
        matches!(stale, Advance::Conflict(Some(_))),
        "the attempt was overtaken"
    );
}

pub(super) async fn rolled_back(ledger: &impl Ledger, run: &Run<'_>) {
    let grant = Grant {
        generation: 3,
        idle_expires_at: NOW + Seconds(500),
        ..run.grant("rolled back")
    };
    ledger.open(&grant, NOW).await.unwrap();
    let step = Step {
        now: NOW + Seconds(100),
        ..run.step("rolled back", 3, 8)
    };
    let Advance::Advanced(grant) = ledger.advance(&step).await.unwrap() else {
        panic!("a step over several generations");
    };
    assert_eq!(grant.generation, 8);
    let last = Step {
        now: NOW + Seconds(150),
        ..run.step("rolled back", 8, u32::MAX)
    };
    assert!(
        matches!(ledger.advance(&last).await.unwrap(), Advance::Advanced(_)),
        "the last generation"
    );
    for to in [8, u32::MAX] {
        let back = Step {
            now: NOW + Seconds(180),
            ..run.step("rolled back", u32::MAX, to)
        };
        assert!(
            matches!(ledger.advance(&back).await.unwrap(), Advance::Conflict(_)),
            "never back"
        );
    }
}
