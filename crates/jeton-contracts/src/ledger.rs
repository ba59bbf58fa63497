//! The contract of [`Ledger`].

use futures_util::future::join_all;
use jeton::{
    Advance, Attempt, Decision, Grant, GrantId, GrantState, Ledger, Marker, Seconds, Step, UnixTime,
};
use sha2::{Digest, Sha256};

/// The time of the test. Expiry is judged by what is passed, so it need not be today.
const NOW: UnixTime = UnixTime(1_800_000_000);

/// Ids of one run: a store that is kept between runs must not meet its own records again.
struct Run<'a>(&'a str);

impl Run<'_> {
    fn id(&self, name: &str) -> GrantId {
        let digest = Sha256::digest(format!("{}/{name}", self.0));
        let mut id = [0; 16];
        id.copy_from_slice(digest.get(..16).unwrap());
        jeton::Id128(id)
    }

    fn marker(&self, name: &str) -> Marker {
        Marker::for_test(&self.id(name).to_string())
    }

    fn grant(&self, name: &str) -> Grant {
        Grant {
            id: self.id(name),
            state: GrantState::Live,
            client_id: "client".parse().unwrap(),
            subject: Some("user 'ä' \"1\"".into()),
            scope: "openid read write".parse().unwrap(),
            audiences: vec!["https://a.example".into(), "https://b.example".into()],
            claims: serde_json::from_str(r#"{"name":"Ünï","address":{"x":[1,null,true]}}"#)
                .unwrap(),
            auth_time: Some(NOW - Seconds(5)),
            nonce: Some("n'\"o".into()),
            generation: 0,
            advanced_at: NOW,
            redeemed_at: None,
            last_attempt: None,
            created_at: NOW,
            idle_lifetime: Seconds(100),
            idle_expires_at: NOW + Seconds(60),
            expires_at: NOW + Seconds(1000),
            refreshable: true,
        }
    }

    fn step(&self, name: &str, standing: u32, to: u32) -> Step {
        Step {
            id: self.id(name),
            standing,
            to,
            client_id: "client".parse().unwrap(),
            scope: jeton::Scope::default(),
            audiences: Vec::new(),
            created_from: UnixTime(0),
            window: Seconds(10),
            attempt: self.id(&format!("attempt {name} {standing} {to}")),
            now: NOW + Seconds(1),
        }
    }
}

/// The contract of [`Ledger`], races included. `run` makes the ids of this run: give a fresh one
/// where the store is kept.
pub async fn ledger(ledger: &impl Ledger, run: &str) {
    let run = Run(run);
    opening(ledger, &run).await;
    advancing(ledger, &run).await;
    refusing(ledger, &run).await;
    window(ledger, &run).await;
    lost_acknowledgements(ledger, &run).await;
    rolled_back(ledger, &run).await;
    revoking(ledger, &run).await;
    deciding(ledger, &run).await;
    markers(ledger, &run).await;
    counters(ledger, &run).await;
    races(ledger, &run).await;
}

async fn opening(ledger: &impl Ledger, run: &Run<'_>) {
    let grant = run.grant("open");
    assert_eq!(ledger.read(grant.id).await.unwrap(), None, "never opened");
    assert!(ledger.open(&grant, NOW).await.unwrap());
    assert_eq!(
        ledger.read(grant.id).await.unwrap(),
        Some(grant.clone()),
        "kept whole"
    );
    assert!(!ledger.open(&grant, NOW).await.unwrap(), "opened twice");
    let other = Grant {
        subject: Some("another".into()),
        ..grant.clone()
    };
    assert!(!ledger.open(&other, NOW).await.unwrap(), "the id exists");
    assert_eq!(
        ledger.read(grant.id).await.unwrap(),
        Some(grant),
        "and still stands"
    );

    let bare = Grant {
        subject: None,
        scope: jeton::Scope::default(),
        claims: serde_json::Map::new(),
        auth_time: None,
        nonce: None,
        state: GrantState::Pending,
        refreshable: false,
        ..run.grant("bare")
    };
    assert!(ledger.open(&bare, NOW).await.unwrap());
    assert_eq!(
        ledger.read(bare.id).await.unwrap(),
        Some(bare),
        "nothing optional"
    );
}

async fn advancing(ledger: &impl Ledger, run: &Run<'_>) {
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
    jeton::transition::take(&mut expected, &first);
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
    jeton::transition::take(&mut expected, &second);
    let advanced = ledger.advance(&second).await.unwrap();
    assert_eq!(advanced, Advance::Advanced(Box::new(expected.clone())));
    assert_eq!(expected.generation, 2);
    assert_eq!(expected.redeemed_at, Some(first.now), "kept");
    assert_eq!(expected.idle_expires_at, NOW + Seconds(190));
}

async fn refusing(ledger: &impl Ledger, run: &Run<'_>) {
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

async fn window(ledger: &impl Ledger, run: &Run<'_>) {
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
    let strict = Step {
        window: Seconds(0),
        now: at(21),
        ..run.step("window", 3, 4)
    };
    assert!(
        matches!(ledger.advance(&strict).await.unwrap(), Advance::Advanced(_)),
        "no window"
    );

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

async fn lost_acknowledgements(ledger: &impl Ledger, run: &Run<'_>) {
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

async fn rolled_back(ledger: &impl Ledger, run: &Run<'_>) {
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

async fn revoking(ledger: &impl Ledger, run: &Run<'_>) {
    let missing = run.id("revoke missing");
    ledger.revoke(missing).await.unwrap();
    assert_eq!(
        ledger.read(missing).await.unwrap(),
        None,
        "revoking makes no record"
    );

    let grant = run.grant("revoke");
    ledger.open(&grant, NOW).await.unwrap();
    ledger.revoke(grant.id).await.unwrap();
    ledger.revoke(grant.id).await.unwrap();
    let expected = Grant {
        state: GrantState::Revoked,
        ..grant
    };
    assert_eq!(
        ledger.read(expected.id).await.unwrap(),
        Some(expected.clone())
    );
    let advance = ledger.advance(&run.step("revoke", 0, 1)).await.unwrap();
    assert_eq!(advance, Advance::Conflict(Some(Box::new(expected))));
}

async fn deciding(ledger: &impl Ledger, run: &Run<'_>) {
    let approve = Decision::Approve {
        subject: "alice".into(),
        claims: serde_json::from_str(r#"{"email":"a@example"}"#).unwrap(),
        auth_time: NOW,
    };
    assert!(
        !ledger
            .decide(run.id("decide missing"), &approve, NOW)
            .await
            .unwrap()
    );
    let pending = |name: &str| Grant {
        state: GrantState::Pending,
        subject: None,
        claims: serde_json::Map::new(),
        auth_time: None,
        ..run.grant(name)
    };
    for (name, decision) in [("approve", approve.clone()), ("deny", Decision::Deny)] {
        let mut expected = pending(name);
        ledger.open(&expected, NOW).await.unwrap();
        assert!(
            ledger
                .decide(expected.id, &decision, NOW + Seconds(1))
                .await
                .unwrap()
        );
        jeton::transition::decide(&mut expected, &decision, NOW + Seconds(1));
        assert_eq!(
            ledger.read(expected.id).await.unwrap(),
            Some(expected.clone()),
            "{name}"
        );
        for again in [&approve, &Decision::Deny] {
            assert!(
                !ledger
                    .decide(expected.id, again, NOW + Seconds(2))
                    .await
                    .unwrap(),
                "decided once"
            );
        }
        assert_eq!(
            ledger.read(expected.id).await.unwrap(),
            Some(expected),
            "{name} stands"
        );
    }
    let late = pending("late");
    ledger.open(&late, NOW).await.unwrap();
    assert!(
        !ledger
            .decide(late.id, &approve, late.idle_expires_at)
            .await
            .unwrap(),
        "too late"
    );
    let live = run.grant("decide live");
    ledger.open(&live, NOW).await.unwrap();
    assert!(
        !ledger.decide(live.id, &Decision::Deny, NOW).await.unwrap(),
        "not pending"
    );
}

async fn markers(ledger: &impl Ledger, run: &Run<'_>) {
    let marker = run.marker("marker");
    let (one, two): (Attempt, Attempt) = (run.id("one"), run.id("two"));
    let end = NOW + Seconds(10);
    assert_eq!(ledger.holder(&marker, NOW).await.unwrap(), None);
    assert!(ledger.claim(&marker, one, end, NOW).await.unwrap());
    assert!(
        ledger.claim(&marker, one, end, NOW).await.unwrap(),
        "the same attempt again"
    );
    assert!(
        !ledger.claim(&marker, two, end, NOW).await.unwrap(),
        "another"
    );
    assert!(
        !ledger
            .claim(&marker, two, end, NOW + Seconds(9))
            .await
            .unwrap(),
        "in the last second"
    );
    assert_eq!(
        ledger.holder(&marker, NOW + Seconds(9)).await.unwrap(),
        Some(one)
    );
    assert_eq!(
        ledger.holder(&marker, end).await.unwrap(),
        None,
        "expired, though still stored"
    );
    assert!(
        ledger
            .claim(&marker, two, end + Seconds(10), end)
            .await
            .unwrap(),
        "free again"
    );
    assert_eq!(ledger.holder(&marker, end).await.unwrap(), Some(two));
    assert_eq!(
        ledger.holder(&run.marker("other"), NOW).await.unwrap(),
        None,
        "of another name"
    );
}

async fn counters(ledger: &impl Ledger, run: &Run<'_>) {
    let marker = run.marker("counter");
    let end = NOW + Seconds(10);
    for expected in 1..=3 {
        assert_eq!(ledger.count(&marker, end, NOW).await.unwrap(), expected);
    }
    assert_eq!(
        ledger
            .count(&marker, end + Seconds(99), NOW + Seconds(9))
            .await
            .unwrap(),
        4,
        "one end"
    );
    assert_eq!(
        ledger.count(&marker, end + Seconds(10), end).await.unwrap(),
        1,
        "starts anew"
    );
    assert_eq!(
        ledger.count(&marker, end + Seconds(10), end).await.unwrap(),
        2
    );
}

async fn races(ledger: &impl Ledger, run: &Run<'_>) {
    for n in [2, 10, 50] {
        let name = format!("race {n}");
        let grant = Grant {
            generation: 1,
            ..run.grant(&name)
        };
        ledger.open(&grant, NOW).await.unwrap();
        let steps: Vec<_> = (0..n)
            .map(|index| Step {
                attempt: run.id(&format!("{name} {index}")),
                ..run.step(&name, 1, 2)
            })
            .collect();
        let outcomes = join_all(steps.iter().map(|step| ledger.advance(step))).await;
        let mut winners = 0;
        for outcome in outcomes {
            match outcome.unwrap() {
                Advance::Advanced(grant) => {
                    winners += 1;
                    assert_eq!(grant.generation, 2);
                }
                Advance::Conflict(Some(standing)) => {
                    assert_eq!(standing.generation, 2, "a loser sees what stands");
                }
                Advance::Conflict(None) => panic!("the grant vanished"),
            }
        }
        assert_eq!(winners, 1, "{n} racing steps");

        let marker = run.marker(&name);
        let claims = (0..n).map(|index| run.id(&format!("claim {name} {index}")));
        let end = NOW + Seconds(10);
        let claims: Vec<_> = claims.collect();
        let won = join_all(
            claims
                .iter()
                .map(|&value| ledger.claim(&marker, value, end, NOW)),
        )
        .await;
        assert_eq!(
            won.into_iter().filter(|won| *won.as_ref().unwrap()).count(),
            1,
            "{n} claims"
        );

        let counter = run.marker(&format!("counter {name}"));
        let mut counts: Vec<_> = join_all((0..n).map(|_| ledger.count(&counter, end, NOW)))
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=n).collect::<Vec<u32>>(), "{n} counted");

        let grants: Vec<_> = (0..n)
            .map(|index| Grant {
                subject: Some(format!("subject {index}")),
                ..run.grant(&format!("open {name}"))
            })
            .collect();
        let opened = join_all(grants.iter().map(|grant| ledger.open(grant, NOW))).await;
        assert_eq!(
            opened
                .into_iter()
                .filter(|won| *won.as_ref().unwrap())
                .count(),
            1,
            "{n} opens"
        );
    }

    // Whatever the order, a step after the revocation was answered fails.
    let name = "race revoke";
    ledger.open(&run.grant(name), NOW).await.unwrap();
    let step = run.step(name, 0, 1);
    let id = run.id(name);
    let (advance, revoke) = futures_util::join!(ledger.advance(&step), ledger.revoke(id));
    advance.unwrap();
    revoke.unwrap();
    let standing = ledger.read(id).await.unwrap().unwrap();
    assert_eq!(standing.state, GrantState::Revoked);
    let step = run.step(name, standing.generation, standing.generation + 1);
    assert!(matches!(
        ledger.advance(&step).await.unwrap(),
        Advance::Conflict(Some(_))
    ));
}
