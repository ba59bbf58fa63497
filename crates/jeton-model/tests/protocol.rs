//! Every configuration in which the promises hold, explored to the end; and, so that the promises
//! are known to bite, servers and clients for which the checker finds a counterexample.
//!
//! `cargo test -p jeton-model -- --nocapture` prints the number of states of each.

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "they report to who runs them"
)]

use std::{collections::BTreeSet, num::NonZeroUsize, time::Instant};

use jeton_model::{
    ClientKind, HONEST_LIVES, HONEST_SERVED, NEVER_FALLS, NO_OLD_TOKEN, NOT_AFTER_REVOCATION,
    ONE_LIVE, ONE_PER_GENERATION, OUT_AFTER_WINDOW, Protocol, REUSE_ENDS, Restore, STANDING_ONLY,
    ServerKind, TRUE_RETRY,
};
use stateright::{Checker, HasDiscoveries, Model};

/// Two careless tabs, nobody else; every other configuration says how it differs.
const BASE: Protocol = Protocol {
    first: 1,
    last: 3,
    window: 1,
    latency: 1,
    skew: 0,
    idle: None,
    tabs: 2,
    client: ClientKind::Careless,
    copies: 0,
    revoker: false,
    restore: Restore::Never,
    cut_off: false,
    server: ServerKind::Jeton,
};

const HONEST: Protocol = Protocol {
    last: 5,
    window: 3,
    client: ClientKind::WithinGrace,
    ..BASE
};

/// Explores all of `protocol`; `floor` keeps it from becoming trivial unnoticed.
fn holds(name: &str, protocol: Protocol, floor: usize) {
    let began = Instant::now();
    let checker = protocol
        .checker()
        .threads(threads())
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let states = checker.unique_state_count();
    println!(
        "{name}: {states} states, depth {}, {:.1?}",
        checker.max_depth(),
        began.elapsed()
    );
    checker.assert_properties();
    assert!(states >= floor, "{name}: {states} states");
}

/// Explores everything and finds no counterexample to any of `promises`.
fn keeps(name: &str, protocol: &Protocol, promises: &[&'static str]) {
    let checker = protocol
        .clone()
        .checker()
        .threads(threads())
        .spawn_bfs()
        .join();
    for promise in promises {
        assert!(checker.discovery(promise).is_none(), "{name}: {promise}");
    }
    assert!(
        checker.unique_state_count() > 1000,
        "{name}: too few states"
    );
}

/// Finds a counterexample to each of `promises`.
fn breaks(name: &str, protocol: &Protocol, promises: &[&'static str]) {
    for promise in promises {
        let checker = protocol
            .clone()
            .checker()
            .threads(threads())
            .finish_when(HasDiscoveries::AllOf(BTreeSet::from([*promise])))
            .spawn_bfs()
            .join();
        let Some(path) = checker.discovery(promise) else {
            panic!("{name} breaks nothing of: {promise}");
        };
        let actions = path.into_actions();
        println!(
            "{name} breaks “{promise}” in {}: {actions:?}",
            actions.len()
        );
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

#[test]
fn an_honest_client_is_never_locked_out() {
    holds("honest", HONEST, 30_000);
}

#[test]
fn an_honest_client_is_never_locked_out_by_clocks_that_differ() {
    let protocol = Protocol {
        last: 4,
        window: 4,
        skew: 1,
        ..HONEST
    };
    holds("honest, clocks differ", protocol, 120_000);
}

#[test]
fn an_honest_client_is_not_locked_out_by_a_quiet_restore() {
    let protocol = Protocol {
        last: 4,
        restore: Restore::WhenQuiet,
        ..HONEST
    };
    holds("honest, restored", protocol, 33_000);
}

#[test]
fn a_thief_and_two_tabs() {
    let protocol = Protocol { copies: 1, ..BASE };
    holds("theft", protocol, 150_000);
}

#[test]
fn a_thief_who_copies_twice() {
    let protocol = Protocol {
        last: 4,
        window: 2,
        tabs: 1,
        copies: 2,
        ..BASE
    };
    holds("theft, twice", protocol, 61_000);
}

#[test]
fn a_thief_with_the_code() {
    let protocol = Protocol {
        first: 0,
        last: 2,
        copies: 1,
        ..BASE
    };
    holds("theft of the code", protocol, 80_000);
}

#[test]
fn a_thief_with_the_code_and_no_window() {
    let protocol = Protocol {
        first: 0,
        last: 2,
        window: 0,
        copies: 1,
        ..BASE
    };
    holds("theft of the code, no window", protocol, 54_000);
}

#[test]
fn revoked() {
    let protocol = Protocol {
        revoker: true,
        ..BASE
    };
    holds("revoked", protocol, 5_300);
}

#[test]
fn a_thief_and_a_revocation() {
    let protocol = Protocol {
        tabs: 1,
        copies: 1,
        revoker: true,
        ..BASE
    };
    holds("theft, revoked", protocol, 32_000);
}

#[test]
fn restored_at_any_time() {
    let protocol = Protocol {
        restore: Restore::AnyTime,
        ..BASE
    };
    holds("restored", protocol, 17_000);
}

#[test]
fn a_thief_and_a_restore() {
    let protocol = Protocol {
        last: 4,
        tabs: 1,
        latency: 0,
        copies: 1,
        restore: Restore::AnyTime,
        ..BASE
    };
    holds("theft, restored", protocol, 120_000);
}

#[test]
fn a_revocation_and_a_restore() {
    let protocol = Protocol {
        tabs: 1,
        revoker: true,
        restore: Restore::AnyTime,
        ..BASE
    };
    holds("revoked, restored", protocol, 3_200);
}

/// A retry at the edge of the window is too late if it takes time to arrive.
#[test]
fn grace_ends_for_a_request_when_it_reaches_the_store() {
    let client = ClientKind::WithinGraceToTheEdge;
    let protocol = Protocol { client, ..HONEST };
    breaks(
        "a retry at the edge",
        &protocol,
        &[HONEST_SERVED, HONEST_LIVES],
    );
}

/// A restore while clients are served may end grants that advanced within the last window.
#[test]
fn a_restore_amid_requests_can_lock_out() {
    let restore = Restore::AnyTime;
    let protocol = Protocol { restore, ..HONEST };
    breaks(
        "a restore amid requests",
        &protocol,
        &[HONEST_SERVED, HONEST_LIVES],
    );
}

/// A token newer than its record, of a grant that is cut off, or whose restored record has been
/// idle for too long: refused, so that the client logs in again, and not told to try again.
#[test]
fn a_restored_record_that_cannot_catch_up_is_refused() {
    let restored = Protocol {
        restore: Restore::WhenQuiet,
        ..BASE
    };
    let cut_off = Protocol {
        cut_off: true,
        ..restored.clone()
    };
    keeps("a cut-off after a restore", &cut_off, &[TRUE_RETRY]);
    let idle = Protocol {
        idle: Some(4),
        ..restored
    };
    keeps("a restored idle record", &idle, &[TRUE_RETRY]);
}

#[test]
fn without_the_window_old_tokens_live() {
    let protocol = Protocol {
        copies: 1,
        server: ServerKind::NoWindow,
        ..BASE
    };
    let promises = [ONE_LIVE, NO_OLD_TOKEN, OUT_AFTER_WINDOW];
    breaks("no window", &protocol, &promises);
}

#[test]
fn without_grace_honest_clients_are_locked_out() {
    let server = ServerKind::NoGrace;
    let protocol = Protocol { server, ..HONEST };
    breaks("no grace", &protocol, &[HONEST_SERVED, HONEST_LIVES]);
}

#[test]
fn without_reuse_detection_grants_survive_theft() {
    let protocol = Protocol {
        copies: 1,
        server: ServerKind::NoReuseDetection,
        ..BASE
    };
    breaks("no reuse detection", &protocol, &[REUSE_ENDS]);
}

#[test]
fn drawn_successors_are_several() {
    let server = ServerKind::DrawnSuccessors;
    let protocol = Protocol { server, ..BASE };
    let promises = [ONE_PER_GENERATION, STANDING_ONLY];
    breaks("drawn successors", &protocol, &promises);
}

#[test]
fn a_store_without_an_atomic_step_is_not_enough() {
    let protocol = Protocol {
        first: 0,
        revoker: true,
        server: ServerKind::ReadThenWrite,
        ..BASE
    };
    let promises = [NEVER_FALLS, NOT_AFTER_REVOCATION];
    breaks("read, then write", &protocol, &promises);
}
