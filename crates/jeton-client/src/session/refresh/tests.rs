use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{future::join_all, poll};
use serde_json::json;

use super::*;
use crate::{
    BoxFuture, FileStore, MemoryStore, Store, Stored, Unavailable,
    session::testing::{BACK, Fate, KEY, Site, arrives, memory, token},
    testing::{BEGIN, Server, lost, pass},
};

/// Just beyond the end of an access token.
const EXPIRED: f64 = 100.0;

#[tokio::test(start_paused = true)]
async fn ten_thousand_at_once_are_one_refresh() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    pass(EXPIRED).await;
    let tokens = join_all((0..10_000).map(|_| token(&session))).await;
    assert!(tokens.iter().all(|token| token.as_deref() == Ok("a1")));
    assert_eq!(site.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn ahead_of_its_end_one_refreshes_and_the_others_go_on() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    pass(91.0).await;
    let tokens = join_all((0..100).map(|_| token(&session))).await;
    let refreshed = tokens
        .iter()
        .filter(|token| token.as_deref() == Ok("a1"))
        .count();
    assert_eq!((refreshed, site.refreshes()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn of_many_processes_one_refreshes() {
    let folder = tempfile::tempdir().unwrap();
    for store in [memory(), Arc::new(FileStore::new(folder.path()))] {
        let site = Site::new(arrives);
        site.logged_in(&store).await;
        pass(EXPIRED).await;
        let sessions: Vec<_> = (0..8).map(|_| site.session(&store)).collect();
        let tokens = join_all(sessions.iter().map(token)).await;
        assert!(
            tokens.iter().all(|token| token.as_deref() == Ok("a1")),
            "{tokens:?}"
        );
        assert_eq!(site.refreshes(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_logged_out_by_answers_that_are_lost() {
    let third = |number: usize| match number % 3 {
        0 => Fate::IsLost,
        _ => Fate::Arrives,
    };
    let (site, store) = (Site::new(third), memory());
    site.logged_in(&store).await;
    let sessions: Vec<_> = (0..8).map(|_| site.session(&store)).collect();
    for round in 1..=20 {
        pass(EXPIRED).await;
        let expected = format!("a{round}");
        for token in join_all(sessions.iter().map(token)).await {
            assert_eq!(token.as_deref(), Ok(&*expected));
        }
    }
    // Each third answer was lost, and asked for again.
    assert_eq!(site.refreshes(), 29);
}

#[tokio::test(start_paused = true)]
async fn the_same_token_is_sent_again_within_eight_seconds() {
    let check = async |fate: fn(usize) -> Fate, expected: Result<&str, Code>, times: &[f64]| {
        let (site, store) = (Site::new(fate), memory());
        let session = site.logged_in(&store).await;
        pass(EXPIRED).await;
        assert_eq!(
            token(&session).await.as_deref(),
            expected.as_ref().map(|token| *token)
        );
        let seen = site.server.seen();
        let refreshes: Vec<_> = seen
            .iter()
            .filter(|seen| seen.parameter("refresh_token").is_some())
            .collect();
        assert!(
            refreshes
                .iter()
                .all(|seen| seen.parameter("refresh_token").as_deref() == Some("r0"))
        );
        let first = refreshes[0].at;
        let found: Vec<f64> = refreshes
            .iter()
            .map(|seen| (seen.at - first).as_secs_f64().round())
            .collect();
        assert_eq!(found, times);
        // Whatever came of it, the session goes on.
        lock(&site.state).fate = Box::new(arrives);
        pass(1.0).await;
        assert!(token(&session).await.is_ok() || found.len() == 2);
    };
    check(|_| Fate::Arrives, Ok("a1"), &[0.0]).await;
    check(
        |number| {
            if number < 2 {
                Fate::IsLost
            } else {
                Fate::Arrives
            }
        },
        Ok("a1"),
        &[0.0, 0.0],
    )
    .await;
    check(
        |number| {
            if number < 3 {
                Fate::IsLost
            } else {
                Fate::Arrives
            }
        },
        Ok("a1"),
        &[0.0, 0.0, 1.0],
    )
    .await;
    check(|_| Fate::IsLost, Err(Code::Unreachable), &[0.0, 0.0, 1.0]).await;
    check(
        |_| Fate::Fails(500),
        Err(Code::ServerError),
        &[0.0, 0.0, 1.0],
    )
    .await;
    check(
        |number| {
            if number < 2 {
                Fate::Hangs(60.0)
            } else {
                Fate::Arrives
            }
        },
        Ok("a1"),
        &[0.0, 5.0],
    )
    .await;
    check(|_| Fate::Hangs(60.0), Err(Code::Timeout), &[0.0, 5.0]).await;
    check(|_| Fate::Hangs(4.0), Err(Code::Unreachable), &[0.0, 4.0]).await;
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_dead_process_is_taken_over_in_time() {
    let first_hangs = |number| {
        if number == 1 {
            Fate::Hangs(1e6)
        } else {
            Fate::Arrives
        }
    };
    let (site, store) = (Site::new(first_hangs), memory());
    let dead = site.logged_in(&store).await;
    pass(EXPIRED).await;
    let (record, version) = dead.engine.record().await.unwrap();
    let leased = dead.engine.lease(&record, version).await.unwrap();
    let refresh = dead.engine.refresh("r0".to_owned(), leased.unwrap().1);
    let mut refresh = Box::pin(refresh);
    while site.refreshes() == 0 {
        assert!(poll!(&mut refresh).is_pending());
        pass(0.001).await;
    }
    drop(refresh);
    drop(dead);
    assert_eq!(token(&site.session(&store)).await.as_deref(), Ok("a1"));
    let times: Vec<_> = site.server.seen().iter().map(|seen| seen.at).collect();
    let took = times[2] - times[1];
    assert!((8.0..9.0).contains(&took.as_secs_f64()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_when_the_lease_has_passed() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    let until = BEGIN + Duration::from_secs(8);
    let late = session.engine.refresh("r0".to_owned(), until);
    pass(8.0).await;
    assert_eq!(late.await.unwrap_err().error.code(), Code::Timeout);
    assert_eq!(site.refreshes(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_cancelled_caller_asked_for_is_not_asked_again() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    pass(EXPIRED).await;
    let mut refresh = Box::pin(token(&session));
    while site.refreshes() == 0 {
        assert!(poll!(&mut refresh).is_pending());
        pass(0.001).await;
    }
    drop(refresh);
    pass(60.0).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a1"));
    assert_eq!(site.refreshes(), 1);
}

#[cfg(feature = "reqwest")]
#[tokio::test(start_paused = true)]
async fn a_refresh_goes_on_without_its_caller() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    pass(EXPIRED).await;
    let mut refresh = Box::pin(token(&session));
    while site.refreshes() == 0 {
        assert!(poll!(&mut refresh).is_pending());
        pass(0.001).await;
    }
    drop(refresh);
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Nobody has asked since, and it is written down.
    let (record, _) = session.engine.record().await.unwrap();
    assert_eq!(record.refresh_token.as_deref(), Some("r1"));
    // What it brought does not outlive a logout.
    session.logout().await.unwrap();
    assert_eq!(token(&session).await, Err(Code::NotLoggedIn));
}

#[tokio::test(start_paused = true)]
async fn what_others_do_is_noticed_within_ten_seconds() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    let other = site.session(&store);
    assert_eq!(token(&other).await.as_deref(), Ok("a0"));
    pass(5.0).await;
    session.logout().await.unwrap();
    pass(4.0).await;
    assert_eq!(token(&other).await.as_deref(), Ok("a0"));
    pass(1.0).await;
    assert_eq!(token(&other).await, Err(Code::NotLoggedIn));
}

#[tokio::test(start_paused = true)]
async fn the_token_that_stands_is_used_while_the_server_is_away() {
    let (site, store) = (Site::new(|_| Fate::Fails(503)), memory());
    let session = site.logged_in(&store).await;
    pass(91.0).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a0"));
    assert_eq!(
        (token(&session).await.as_deref(), site.refreshes()),
        (Ok("a0"), 3)
    );
    pass(10.0).await;
    assert_eq!(token(&session).await, Err(Code::TemporarilyUnavailable));
    lock(&site.state).fate = Box::new(arrives);
    assert_eq!(token(&session).await.as_deref(), Ok("a1"));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_the_server_has_ended() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    pass(EXPIRED).await;
    lock(&site.state).ended = true;
    assert_eq!(token(&session).await, Err(Code::NotLoggedIn));
    assert!(store.get("session/session").await.unwrap().is_none());
    assert_eq!(site.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_takes_what_stands_meanwhile() {
    let (site, store) = (Site::new(arrives), memory());
    let slow = site.logged_in(&store).await;
    pass(EXPIRED).await;
    let (record, version) = slow.engine.record().await.unwrap();
    // Another process was faster, and wrote.
    assert_eq!(token(&site.session(&store)).await.as_deref(), Ok("a1"));
    let refusal = Error::new(Code::InvalidGrant, "").into();
    let step = slow.engine.conclude(record, version, Err(refusal), 1).await;
    assert!(matches!(step, Ok(Step::Moved)));
    assert_eq!(token(&slow).await.as_deref(), Ok("a1"));
    assert_eq!(site.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_access_token_is_replaced() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    let refused = session.access_token().await.unwrap();
    session.discard(&refused);
    assert_eq!(token(&session).await.as_deref(), Ok("a1"));
    session.discard(&refused);
    assert_eq!(token(&session).await.as_deref(), Ok("a1"));
    assert_eq!(site.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_of_the_same_person() {
    let (site, store) = (Site::new(arrives), memory());
    let session = site.logged_in(&store).await;
    lock(&site.state).subject = "eve".to_owned();
    pass(EXPIRED).await;
    assert_eq!(token(&session).await, Err(Code::NotLoggedIn));
    assert!(store.get("session/session").await.unwrap().is_none());
    // Nobody uses them, so they are revoked.
    let revoked = site.server.seen().pop().unwrap();
    assert_eq!(revoked.parameter("token").as_deref(), Some("r1"));
}

/// The answer to a refresh of the first token.
fn answer() -> TokenResponse {
    let answer = json!({
        "access_token": "a1", "refresh_token": "r1", "token_type": "Bearer", "expires_in": 100,
        "id_token": "of no use",
    });
    let now = BEGIN + Duration::from_secs(100);
    TokenResponse::parse(answer.as_object().unwrap(), now, None).unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_lease_writes_what_the_refresh_brought() {
    let (site, store) = (Site::new(arrives), memory());
    let slow = site.logged_in(&store).await;
    let other = site.session(&store);
    pass(EXPIRED).await;
    let (record, version) = slow.engine.record().await.unwrap();
    let leased = slow.engine.lease(&record, version).await.unwrap();
    let (version, _) = leased.unwrap();
    // Another has taken it over, and does not hear of the answer.
    let (found, latest) = other.engine.record().await.unwrap();
    assert!(other.engine.lease(&found, latest).await.unwrap().is_some());
    let step = slow.engine.conclude(record, version, Ok(answer()), 1).await;
    assert!(matches!(step, Ok(Step::Done(_))));
    assert_eq!(token(&other).await.as_deref(), Ok("a1"));
    let (record, _) = slow.engine.record().await.unwrap();
    assert_eq!(record.refresh_token.as_deref(), Some("r1"));
    // An ID token that cannot be read takes nothing along.
    assert_eq!(record.id_claims["sub"], "ada");
    assert_eq!(site.refreshes(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_logout_overtakes_is_revoked() {
    let (site, store) = (Site::new(arrives), memory());
    let slow = site.logged_in(&store).await;
    pass(EXPIRED).await;
    let (record, version) = slow.engine.record().await.unwrap();
    site.session(&store).logout().await.unwrap();
    let step = slow.engine.conclude(record, version, Ok(answer()), 1).await;
    assert!(matches!(step, Ok(Step::Moved)));
    let revoked = site.server.seen().pop().unwrap();
    assert_eq!(revoked.parameter("token").as_deref(), Some("r1"));
    assert!(store.get("session/session").await.unwrap().is_none());
    assert_eq!(token(&slow).await, Err(Code::NotLoggedIn));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_stands_counts_while_the_store_is_away() {
    let away: Arc<dyn Store> = Arc::new(Failing {
        store: MemoryStore::new(),
        writes: AtomicUsize::new(0),
        fails: |number| number >= 3,
    });
    let site = Site::new(arrives);
    let session = site.logged_in(&away).await;
    pass(91.0).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a0"));
    pass(9.0).await;
    assert_eq!(token(&session).await, Err(Code::InvalidConfiguration));
}

/// A store whose writes fail when it is time.
struct Failing {
    store: MemoryStore,
    writes: AtomicUsize,
    fails: fn(usize) -> bool,
}

impl Store for Failing {
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Stored>, Unavailable>> {
        self.store.get(name)
    }

    fn set<'a>(
        &'a self,
        name: &'a str,
        value: Option<Vec<u8>>,
        expected: Option<Version>,
    ) -> BoxFuture<'a, Result<bool, Unavailable>> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        if (self.fails)(number) {
            return Box::pin(async { Err(Unavailable("the disk is full".to_owned())) });
        }
        self.store.set(name, value, expected)
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_store_did_not_take_is_not_lost() {
    // Two writes of the login, one of the session, the lease, and what came of it: six times.
    let store = |fails| -> Arc<dyn Store> {
        Arc::new(Failing {
            store: MemoryStore::new(),
            writes: AtomicUsize::new(0),
            fails,
        })
    };
    let once = store(|number| number == 4);
    let site = Site::new(arrives);
    let session = site.logged_in(&once).await;
    pass(EXPIRED).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a1"));
    assert_eq!(token(&site.session(&once)).await.as_deref(), Ok("a1"));
    assert_eq!(site.refreshes(), 1);

    let store = store(|number| (4..10).contains(&number));
    let site = Site::new(arrives);
    let session = site.logged_in(&store).await;
    pass(EXPIRED).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a1"));
    pass(EXPIRED).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a2"));
    assert_eq!(token(&site.session(&store)).await.as_deref(), Ok("a2"));
}

#[tokio::test(start_paused = true)]
async fn without_a_refresh_token_it_ends_with_the_access_token() {
    let client = Server::new(|_, _| lost()).client().build().unwrap();
    let session = client.session(memory(), KEY, BACK, "read").unwrap();
    let response = json!({"access_token": "a", "token_type": "Bearer", "expires_in": 100});
    let response = TokenResponse::parse(response.as_object().unwrap(), BEGIN, None).unwrap();
    session.begin(response, None).await.unwrap();
    pass(95.0).await;
    assert_eq!(token(&session).await.as_deref(), Ok("a"));
    pass(5.0).await;
    assert_eq!(token(&session).await, Err(Code::NotLoggedIn));
}
