use std::{pin::Pin, task::Context, task::Poll, task::Waker};

use serde_json::json;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{super::*, *};

const URL: &str = "https://login.example.org/jwks";
const MAX_AGE: Seconds = Seconds(300);
const BEGIN: UnixTime = UnixTime(1_800_000_000);
const SLOW: Result<Fetched, Unreachable> = Err(Unreachable::TooSlow);

/// A server whose answer takes a turn: a request polled once is under way.
#[derive(Default)]
struct Server(MemoryFetch);

impl Fetch for Server {
    async fn send(&self, request: &Outgoing) -> Result<Fetched, Unreachable> {
        let answer = self.0.send(request).await;
        let mut waited = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut waited, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        answer
    }
}

impl Server {
    fn serving(key: &str) -> Self {
        let server = Self::default();
        server.serve(key);
        server
    }

    fn serve(&self, key: &str) {
        self.0.answer_json(URL, &json!({ "key": key }));
    }

    fn requests(&self) -> usize {
        self.0.sent().len()
    }
}

fn documents() -> Documents<String> {
    Documents::new(MAX_AGE, |_, json| match json["key"].as_str() {
        Some("") | None => Err(Unreachable::NotUsable("no key")),
        Some(key) => Ok(key.to_owned()),
    })
}

fn url(text: &str) -> ForeignUrl {
    Reach::new("", Loopback::Refused).url(text).unwrap()
}

type Answer = Result<Found<String>, Unreachable>;

/// A request under way.
struct Begun<'a>(Pin<Box<dyn Future<Output = Answer> + 'a>>);

impl<'a> Begun<'a> {
    fn new(future: impl Future<Output = Answer> + 'a) -> Self {
        let mut begun = Self(Box::pin(future));
        assert!(begun.poll().is_none(), "it fetches");
        begun
    }

    fn poll(&mut self) -> Option<Answer> {
        let mut context = Context::from_waker(Waker::noop());
        match self.0.as_mut().poll(&mut context) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }

    fn end(mut self) -> Answer {
        self.poll().expect("its answer is there")
    }
}

fn found(key: &str) -> Answer {
    Ok(Found {
        document: Arc::new(key.to_owned()),
        not_renewed: None,
    })
}

fn kept(key: &str, not_renewed: Unreachable) -> Answer {
    Ok(Found {
        document: Arc::new(key.to_owned()),
        not_renewed: Some(not_renewed),
    })
}

/// One cache and one server, at a time after [`BEGIN`].
struct Scene {
    documents: Documents<String>,
    server: Server,
    url: ForeignUrl,
}

impl Scene {
    fn new(key: &str) -> Self {
        Self {
            documents: documents(),
            server: Server::serving(key),
            url: url(URL),
        }
    }

    /// A scene in which the cache has had its first document since [`BEGIN`].
    fn after_first(key: &str) -> Self {
        let scene = Self::new(key);
        assert_eq!(scene.begin(0).end(), found(key));
        scene
    }

    fn begin(&self, after: u64) -> Begun<'_> {
        Begun::new(
            self.documents
                .get(&self.server, &self.url, BEGIN + Seconds(after)),
        )
    }

    fn begin_renewal(&self, after: u64) -> Begun<'_> {
        Begun::new(
            self.documents
                .renew(&self.server, &self.url, BEGIN + Seconds(after)),
        )
    }

    /// The answer of a call that need not fetch.
    fn get(&self, after: u64) -> Answer {
        let now = BEGIN + Seconds(after);
        now_or_never(self.documents.get(&self.server, &self.url, now)).expect("it does not fetch")
    }

    fn renew(&self, after: u64) -> Answer {
        let now = BEGIN + Seconds(after);
        now_or_never(self.documents.renew(&self.server, &self.url, now)).expect("it does not fetch")
    }
}

#[test]
fn a_document_is_kept_for_its_age() {
    let scene = Scene::after_first("a");
    scene.server.serve("b");
    assert_eq!(scene.get(MAX_AGE.0 - 1), found("a"));
    assert_eq!(scene.begin(MAX_AGE.0).end(), found("b"));
    assert_eq!(scene.get(2 * MAX_AGE.0 - 1), found("b"));
    assert_eq!(scene.server.requests(), 2);
}

#[test]
fn while_one_renews_it_the_others_use_the_old_one() {
    let scene = Scene::after_first("a");
    scene.server.serve("b");
    let renewal = scene.begin(300);
    assert_eq!(scene.get(300), found("a"));
    assert_eq!(scene.renew(309), found("a"));
    assert_eq!(renewal.end(), found("b"));
    assert_eq!(scene.get(309), found("b"));
    assert_eq!(scene.server.requests(), 2);
}

#[test]
fn a_lease_runs_out() {
    let scene = Scene::after_first("a");
    scene.server.serve("b");
    let hung = scene.begin(300);
    assert_eq!(scene.get(300 + LEASE.0 - 1), found("a"));
    scene.server.serve("c");
    assert_eq!(scene.begin(300 + LEASE.0).end(), found("c"));
    // What began earlier does not take the place of what came since.
    assert_eq!(hung.end(), found("c"));
    assert_eq!(scene.get(311), found("c"));
}

#[test]
fn a_dropped_renewal_is_taken_over_when_its_lease_has_run_out() {
    let scene = Scene::after_first("a");
    scene.server.serve("b");
    drop(scene.begin(300));
    assert_eq!(scene.get(300 + LEASE.0 - 1), found("a"));
    assert_eq!(scene.begin(300 + LEASE.0).end(), found("b"));
    assert_eq!(scene.server.requests(), 3);
}

#[test]
fn a_document_that_lacks_something_is_renewed_once_a_minute() {
    let scene = Scene::after_first("a");
    scene.server.serve("b");
    for after in [0, 1, COOL_DOWN.0 - 1] {
        assert_eq!(scene.renew(after), found("a"));
    }
    assert_eq!(scene.begin_renewal(COOL_DOWN.0).end(), found("b"));
    scene.server.serve("c");
    assert_eq!(scene.renew(2 * COOL_DOWN.0 - 1), found("b"));
    assert_eq!(scene.begin_renewal(2 * COOL_DOWN.0).end(), found("c"));
    assert_eq!(scene.server.requests(), 3);
}

#[test]
fn an_old_document_is_kept_where_the_new_one_is_none() {
    let text = Fetched {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"<html>"),
    };
    let mut gone = text.clone();
    gone.status = StatusCode::NOT_FOUND;
    for (answer, reason) in [
        (SLOW, Unreachable::TooSlow),
        (Ok(text), Unreachable::NotJson),
        (Ok(gone), Unreachable::Status(StatusCode::NOT_FOUND)),
    ] {
        let scene = Scene::after_first("a");
        scene.server.0.answer(URL, answer);
        assert_eq!(scene.begin(300).end(), kept("a", reason));
        scene.server.serve("b");
        // Neither is asked again at once, whatever is missed.
        assert_eq!(scene.get(300 + COOL_DOWN.0 - 1), found("a"));
        assert_eq!(scene.renew(300 + COOL_DOWN.0 - 1), found("a"));
        assert_eq!(scene.begin(300 + COOL_DOWN.0).end(), found("b"));
    }
    let scene = Scene::after_first("a");
    scene.server.serve("");
    assert_eq!(
        scene.begin_renewal(60).end(),
        kept("a", Unreachable::NotUsable("no key")),
    );
}

#[test]
fn but_not_for_ever() {
    let scene = Scene::after_first("a");
    scene.server.0.answer(URL, SLOW);
    let longest = MAX_AGE.0 + LONGEST_KEPT.0;
    assert_eq!(
        scene.begin(longest - 1).end(),
        kept("a", Unreachable::TooSlow)
    );
    assert_eq!(
        scene.begin(longest + PAUSE.0).end(),
        Err(Unreachable::TooSlow)
    );
}

#[test]
fn where_there_is_none_four_fetch_at_once() {
    let scene = Scene::new("a");
    let mut begun: Vec<_> = (0..MOST_AT_ONCE).map(|_| scene.begin(0)).collect();
    assert_eq!(scene.get(0), Err(Unreachable::Busy));
    assert_eq!(scene.renew(0), Err(Unreachable::Busy));
    // A client that has gone makes way.
    drop(begun.pop());
    begun.push(scene.begin(0));
    assert_eq!(scene.get(0), Err(Unreachable::Busy));
    // A fetch of another URL is another matter.
    let other = url("https://login.example.org/other");
    let elsewhere = scene.documents.get(&scene.server, &other, BEGIN);
    assert_eq!(
        Begun::new(elsewhere).end(),
        Err(Unreachable::ConnectionFailed("not in the script"))
    );
    // What hangs, or was dropped without a word, makes way by time.
    let late = scene.begin(LEASE.0);
    for begun in begun {
        assert_eq!(begun.end(), found("a"));
    }
    assert_eq!(late.end(), found("a"));
    assert_eq!(scene.get(LEASE.0), found("a"));
    assert_eq!(scene.server.requests(), MOST_AT_ONCE + 3);
}

#[test]
fn or_as_many_as_somebody_says() {
    let scene = Scene {
        documents: documents().at_once(MOST_AT_ONCE + 16),
        ..Scene::new("a")
    };
    let begun: Vec<_> = (0..MOST_AT_ONCE + 16).map(|_| scene.begin(0)).collect();
    assert_eq!(scene.get(0), Err(Unreachable::Busy));
    for begun in begun {
        assert_eq!(begun.end(), found("a"));
    }
    assert_eq!(scene.server.requests(), MOST_AT_ONCE + 16);
}

#[test]
fn where_there_is_none_a_failure_is_remembered_for_a_while() {
    let scene = Scene::new("a");
    scene.server.0.answer(URL, SLOW);
    assert_eq!(scene.begin(0).end(), Err(Unreachable::TooSlow));
    scene.server.serve("a");
    assert_eq!(scene.get(PAUSE.0 - 1), Err(Unreachable::TooSlow));
    assert_eq!(scene.begin(PAUSE.0).end(), found("a"));
}

#[test]
fn a_failure_beside_a_success_takes_nothing_away() {
    let scene = Scene::new("a");
    let good = scene.begin(0);
    scene.server.0.answer(URL, SLOW);
    let bad = scene.begin(0);
    assert_eq!(good.end(), found("a"));
    assert_eq!(bad.end(), kept("a", Unreachable::TooSlow));
    assert_eq!(scene.get(1), found("a"));
}

#[test]
fn made_up_urls_push_out_each_other() {
    let scene = Scene::after_first("a");
    for number in 0..2 * MOST_URLS {
        let made_up = url(&format!("https://made-up-{number}.example.org/"));
        let failed = Begun::new(scene.documents.get(&scene.server, &made_up, BEGIN)).end();
        assert!(failed.is_err());
    }
    assert_eq!(
        scene.documents.entries.lock().unwrap().by_url.len(),
        MOST_URLS
    );
    assert_eq!(scene.get(1), found("a"));
}

#[test]
fn the_longest_unused_document_goes_first() {
    let documents = documents();
    let server = MemoryFetch::default();
    let long = "x".repeat(Outgoing::LIMIT - 100);
    let all = MOST_BYTES / Outgoing::LIMIT + 10;
    let get = |number: usize, after: usize| {
        let text = format!("https://a-{number}.example.org/");
        server.answer_json(&text, &json!({ "key": long }));
        let now = BEGIN + Seconds(after as u64);
        let found = now_or_never(documents.get(&server, &url(&text), now));
        assert!(matches!(found, Some(Ok(_))));
    };
    for number in 0..all {
        get(number, number);
        // In use all the time.
        get(0, number);
    }
    {
        let entries = documents.entries.lock().unwrap();
        assert!(entries.bytes() <= MOST_BYTES);
        assert!(entries.bytes() > MOST_BYTES - 2 * Outgoing::LIMIT);
    }
    let asked = server.sent().len();
    get(0, all);
    get(all - 1, all);
    assert_eq!(server.sent().len(), asked, "both are still there");
    get(1, all);
    assert_eq!(server.sent().len(), asked + 1, "this one had to go");
}

#[test]
fn too_many_bytes_push_out_documents_alone() {
    let scene = Scene::new("a");
    scene.server.0.answer(URL, SLOW);
    assert_eq!(scene.begin(0).end(), Err(Unreachable::TooSlow));
    let long = "x".repeat(Outgoing::LIMIT - 100);
    for number in 0..MOST_BYTES / Outgoing::LIMIT + 2 {
        let text = format!("https://a-{number}.example.org/");
        scene.server.0.answer_json(&text, &json!({ "key": long }));
        let url = url(&text);
        let document = Begun::new(scene.documents.get(&scene.server, &url, BEGIN));
        assert!(document.end().is_ok());
    }
    let asked = scene.server.requests();
    assert_eq!(scene.get(1), Err(Unreachable::TooSlow), "it is remembered");
    assert_eq!(scene.server.requests(), asked);
}

#[test]
fn a_clock_that_is_set_back_makes_nothing_last() {
    const AHEAD: u64 = 1_000_000;
    let scene = Scene::new("a");
    assert_eq!(scene.begin(AHEAD).end(), found("a"));
    scene.server.serve("b");
    let renewed = scene.begin(0);
    assert_eq!(scene.get(0), found("a"), "others have the old one");
    assert_eq!(renewed.end(), found("b"));
    assert_eq!(scene.get(MAX_AGE.0 - 1), found("b"));

    // Nor does what was learnt of a server that failed, or a fetch that was dropped.
    let scene = Scene::new("a");
    scene.server.0.answer(URL, SLOW);
    assert_eq!(scene.begin(AHEAD).end(), Err(Unreachable::TooSlow));
    scene.server.serve("a");
    assert_eq!(scene.begin(0).end(), found("a"));
    drop(scene.begin_renewal(AHEAD));
    assert_eq!(scene.begin_renewal(COOL_DOWN.0).end(), found("a"));
}

#[test]
fn requests_may_overtake_each_other() {
    let scene = Scene::new("a");
    assert_eq!(scene.begin(2).end(), found("a"));
    assert_eq!(scene.get(0), found("a"));
    assert_eq!(scene.renew(0), found("a"));
}

/// A native host's requests move between threads.
#[test]
fn its_futures_are_send_where_the_host_is() {
    fn assert_send(_: impl Send) {}
    let (documents, server, url) = (documents(), MemoryFetch::default(), url(URL));
    assert_send(documents.get(&server, &url, BEGIN));
    assert_send(documents.renew(&server, &url, BEGIN));
}

#[test]
fn a_document_may_take_as_long_as_the_cache_says() {
    for (documents, expected) in [
        (documents(), Outgoing::DEADLINE),
        (
            documents().within(Duration::from_millis(1800)),
            Duration::from_millis(1800),
        ),
    ] {
        let server = MemoryFetch::default();
        let url = url(URL);
        let asked = documents.get(&server, &url, BEGIN);
        assert!(now_or_never(asked).is_some());
        assert_eq!(server.sent()[0].deadline, expected);
    }
}
