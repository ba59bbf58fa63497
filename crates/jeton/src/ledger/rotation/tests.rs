use super::*;
use crate::{
    ledger::{GrantState, Id128},
    scope::Scope,
    time::{Seconds, UnixTime},
};

const NOW: UnixTime = UnixTime(1_000);

/// A record that came to stand at `generation` five seconds ago.
fn standing(generation: u32) -> Grant {
    let record = serde_json::json!({
        "id": Id128([1; 16]),
        "state": "live",
        "client_id": "client",
        "scope": "read write",
        "audiences": ["https://a.example"],
        "generation": generation,
        "advanced_at": NOW - Seconds(5),
        "redeemed_at": (generation > 0).then_some(NOW - Seconds(5)),
        "created_at": 100,
        "idle_lifetime": 500,
        "idle_expires_at": NOW + Seconds(495),
        "expires_at": 9_000,
        "refreshable": true,
    });
    serde_json::from_value(record).unwrap()
}

fn step(presented: u32) -> Step {
    Step {
        id: Id128([1; 16]),
        standing: presented,
        to: presented + 1,
        client_id: "client".parse().unwrap(),
        scope: Scope::default(),
        audiences: Vec::new(),
        created_from: UnixTime(0),
        window: Seconds(10),
        attempt: Id128([2; 16]),
        claims: None,
        now: NOW,
    }
}

fn strict(presented: u32) -> Step {
    Step {
        window: Seconds(0),
        ..step(presented)
    }
}

fn narrowed(presented: u32) -> Step {
    Step {
        scope: "admin".parse().unwrap(),
        ..step(presented)
    }
}

fn word(next: &Next) -> String {
    match next {
        Next::Serve(grant) => format!("serve {}", grant.generation),
        Next::Refuse(why) => format!("refuse {why:?}"),
        Next::End(_, why) => format!("end {why:?}"),
        Next::Repair { standing } => format!("repair {standing}"),
        Next::Again => "again".to_owned(),
    }
}

fn check(cases: &[(&str, Step, Grant, &str)], next: impl Fn(&Step, Grant) -> Next) {
    for (what, step, standing, expected) in cases {
        let next = next(step, standing.clone());
        assert_eq!(word(&next), *expected, "{what}");
    }
}

#[test]
fn what_a_conflict_means() {
    let revoked = Grant {
        state: GrantState::Revoked,
        ..standing(3)
    };
    let pending = Grant {
        state: GrantState::Pending,
        ..standing(0)
    };
    let undecided = Grant {
        idle_expires_at: NOW,
        ..pending.clone()
    };
    let idle = Grant {
        idle_expires_at: NOW,
        ..standing(0)
    };
    let repair = |presented, standing| Step {
        standing,
        ..step(presented)
    };
    let cases = [
        (
            "a double submit",
            step(0),
            standing(1),
            "refuse RedeemedJustNow",
        ),
        (
            "a code in the same second, no window",
            strict(0),
            standing(1),
            "end Replayed",
        ),
        (
            "a code that came too late",
            step(0),
            idle,
            "refuse Unmet(Idle)",
        ),
        (
            "nobody has decided",
            step(0),
            pending,
            "refuse Unmet(Pending)",
        ),
        (
            "nobody decided in time",
            step(0),
            undecided,
            "refuse Unmet(Idle)",
        ),
        ("the standing one", step(3), standing(3), "serve 3"),
        ("the one before", step(2), standing(3), "serve 3"),
        (
            "the one before, no window",
            strict(2),
            standing(3),
            "end Reused { presented: 2 }",
        ),
        (
            "an older one",
            step(1),
            standing(3),
            "end Reused { presented: 1 }",
        ),
        (
            "too much of it",
            narrowed(3),
            standing(3),
            "refuse Unmet(Scope(\"admin\"))",
        ),
        (
            "too much of an older one",
            narrowed(1),
            standing(3),
            "end Reused { presented: 1 }",
        ),
        (
            "an older one of what has ended",
            step(1),
            revoked,
            "refuse Unmet(Revoked)",
        ),
        ("one that the record lost", step(5), standing(3), "repair 3"),
        (
            "too much of one",
            narrowed(5),
            standing(3),
            "refuse Unmet(Scope(\"admin\"))",
        ),
        (
            "a repair that was overtaken",
            repair(5, 2),
            standing(3),
            "again",
        ),
        ("by the same repair", repair(5, 2), standing(6), "serve 6"),
    ];
    check(&cases, |step, standing| {
        next(step, Advance::Conflict(Some(Box::new(standing))))
    });
    let unknown = next(&step(1), Advance::Conflict(None));
    assert_eq!(unknown, Next::Refuse(Why::Unknown));
    let advanced = next(&step(1), Advance::Advanced(Box::new(standing(2))));
    assert_eq!(advanced, Next::Serve(Box::new(standing(2))));
}

#[test]
fn without_rotation() {
    let idle = Grant {
        idle_expires_at: NOW,
        ..standing(3)
    };
    let cases = [
        ("the standing one", step(3), standing(3), "serve 3"),
        (
            "one before the policy changed",
            step(2),
            standing(3),
            "end Reused { presented: 2 }",
        ),
        ("one that the record lost", step(5), standing(3), "serve 3"),
        (
            "too much of it",
            narrowed(3),
            standing(3),
            "refuse Unmet(Scope(\"admin\"))",
        ),
        (
            "one that waited too long",
            step(2),
            idle,
            "refuse Unmet(Idle)",
        ),
    ];
    check(&cases, |step, standing| {
        next_unrotated(step, Some(Box::new(standing)))
    });
    let unknown = next_unrotated(&step(1), None);
    assert_eq!(unknown, Next::Refuse(Why::Unknown));
}

#[test]
fn a_refresh_token_that_is_left_unmoved() {
    let ended = Grant {
        state: GrantState::Revoked,
        ..standing(3)
    };
    let cases = [
        ("it stays", step(3), standing(3), "serve 3"),
        ("also without a window", strict(3), standing(3), "serve 3"),
        (
            "moved since, within the window",
            step(3),
            standing(4),
            "serve 4",
        ),
        (
            "moved since, without one",
            strict(3),
            standing(4),
            "end Reused { presented: 3 }",
        ),
        ("ended since", step(3), ended, "refuse Unmet(Revoked)"),
        (
            "too much of it",
            narrowed(3),
            standing(3),
            "refuse Unmet(Scope(\"admin\"))",
        ),
    ];
    check(&cases, |step, standing| {
        next_unmoved(step, Some(Box::new(standing)))
    });
    assert_eq!(next_unmoved(&step(1), None), Next::Refuse(Why::Unknown));
}
